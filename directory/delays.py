"""Growing delays after failed sign-ins: per account and source, and per source. Never a lock for good.

An attempt is counted before the password is looked at and given back if it was right, so that a thousand guesses
sent at once are a thousand attempts. A browser that has signed in before has a count of its own for its account:
strangers who guess from the same address do not keep the owner out.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import models, transaction

from commsportal.clock import now
from directory.models import SignInDelay

FORGOTTEN_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Counter:
    """One count of failures and how it grows: `free` attempts, then 1, 2, 4 … seconds up to `longest`."""

    key: str
    free: int
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return how long after the last of `failures` the next attempt must wait."""
        if failures < self.free:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(failures - self.free, 20)), self.longest)


def counters(account: str, source: str, device: str) -> list[Counter]:
    """Return what counts for an attempt; `device` is the mark of a browser that this account knows, or empty."""
    short, long = timedelta(minutes=1), timedelta(minutes=15)
    if device:
        return [Counter(_digest("device", account, device), 5, long)]
    network = network_of(source)
    return [
        Counter(_digest("account", account, network), 5, long),
        Counter(_digest("source", network), 50, short),
    ]


@transaction.atomic
def begin(attempt: Sequence[Counter]) -> bool:
    """Count an attempt as failed and let it go on, or tell that it comes too early."""
    at = now()
    for counter in attempt:
        SignInDelay.objects.get_or_create(pk=counter.key, defaults={"last_at": at})
    keys = sorted(counter.key for counter in attempt)
    rows = {row.key: row for row in SignInDelay.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    if any(at < _open_at(counter, rows[counter.key], at) for counter in attempt):
        return False
    for row in rows.values():
        row.failures = _remembered(row, at) + 1
        row.last_at = at
        row.save()
    return True


@transaction.atomic
def succeed(attempt: Sequence[Counter]) -> None:
    """Give the attempt back; the account's own count starts anew."""
    own, *shared = attempt
    SignInDelay.objects.filter(pk=own.key).delete()
    for counter in shared:
        SignInDelay.objects.filter(pk=counter.key, failures__gt=0).update(failures=models.F("failures") - 1)


def forget() -> int:
    """Remove counts that no longer delay anybody; return how many."""
    return SignInDelay.objects.filter(last_at__lt=now() - FORGOTTEN_AFTER).delete()[0]


def _open_at(counter: Counter, row: SignInDelay, at: datetime) -> datetime:
    return row.last_at + counter.delay(_remembered(row, at))


def _remembered(row: SignInDelay, at: datetime) -> int:
    return row.failures if at - row.last_at < FORGOTTEN_AFTER else 0


def network_of(source: str) -> str:
    """Return the network that an address counts for."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if address.version == 6:  # whoever has one IPv6 address has the 2^64 beside it
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
