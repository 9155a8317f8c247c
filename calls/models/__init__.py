"""Calls and all that hangs on them."""

from calls.models.call import Call, CallQuerySet
from calls.models.operation import Operation
from calls.models.participant import Participant
from calls.models.timer import Timer

__all__ = ["Call", "CallQuerySet", "Operation", "Participant", "Timer"]
