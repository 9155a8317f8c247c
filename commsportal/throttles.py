"""How much one person, token or network may ask of a web process in a minute.

An allowance is a bucket that holds a minute's worth and fills up steadily: who has been quiet may be quick for a
while. It is kept in memory, for each process by itself.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MOST_KEYS: Final = 10_000  # who was not heard of for longest is forgotten first
REPORTS_PER_MINUTE: Final = 60
CALENDARS_PER_MINUTE: Final = 10  # of one link: programs come by a few times an hour


class Allowance:
    """What each key may still ask. Safe to share between threads."""

    def __init__(self, per_minute: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> int:
        """Take one request off; return 0, or the seconds to wait when there is none left."""
        most, at = self._per_minute(), self._clock()
        with self._lock:
            left, since = self._left.pop(key, (float(most), at))
            left = min(most, left + (at - since) * most / 60)
            granted = left >= 1
            self._left[key] = (left - granted, at)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        return 0 if granted else max(1, math.ceil((1 - left) * 60 / most))


api = Allowance(lambda: settings.API_REQUESTS_PER_MINUTE)
sign_in = Allowance(lambda: settings.SIGN_INS_PER_MINUTE)
reports = Allowance(lambda: REPORTS_PER_MINUTE)
calendars = Allowance(lambda: CALENDARS_PER_MINUTE)
calendar_guesses = Allowance(lambda: settings.SIGN_INS_PER_MINUTE)  # of one network, at links that there are not


class PerPerson(BaseThrottle):
    """What a person may ask of the API: once by session, once by tokens: scripts leave consoles be."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Tell whether the person may go on; nobody without a name gets here."""
        self.seconds = api.take((request.user.pk, request.auth))
        return not self.seconds

    def wait(self) -> float | None:
        """Return the seconds to wait."""
        return self.seconds
