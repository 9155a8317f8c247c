"""Quotas: so many requests of an application to a tenant within a time, then 429 (REFERENCE 17)."""

import math
from datetime import datetime, timedelta


class Quotas:
    """Count requests in windows that begin with the first of them."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[datetime, int]] = {}

    def forget(self) -> None:
        """Begin anew."""
        self._windows.clear()

    def spend(self, who: str, at: datetime, most: int, seconds: int) -> float:
        """Count a request; return for how many seconds it is one too many, 0 when it is not."""
        begun, count = self._windows.get(who, (at, 0))
        ends = begun + timedelta(seconds=seconds)
        if at >= ends:
            begun, count, ends = at, 0, at + timedelta(seconds=seconds)
        if count >= most:
            return math.ceil((ends - at).total_seconds() * 1000) / 1000
        self._windows[who] = begun, count + 1
        return 0.0
