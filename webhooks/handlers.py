"""Who applies what: the apps above hand in a handler for each kind of delivery."""

from collections.abc import Callable, Sequence
from typing import Final

from webhooks.models import Delivery

CHANGE: Final = "change"  # the kind of deliveries that tell of changes
Handler = Callable[[Sequence[Delivery]], None]

_handlers: dict[str, Handler] = {}


class Unacceptable(Exception):
    """This delivery must not be applied: it goes to the dead at once, with an alarm, and is not tried again."""


def register(kind: str, handler: Handler) -> None:
    """Have `handler` apply the deliveries of a kind, in batches, inside the applier's transaction.

    :raises ValueError: when the kind has another handler.
    """
    if _handlers.setdefault(kind, handler) is not handler:
        raise ValueError(f"Deliveries of kind {kind} have a handler already.")


def handler_of(kind: str) -> Handler:
    """:raises Unacceptable: when nobody handles the kind."""
    try:
        return _handlers[kind]
    except KeyError:
        raise Unacceptable(f"nobody handles deliveries of kind {kind}") from None
