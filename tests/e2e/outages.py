"""What every outage of the database has in common."""

from tests.e2e.running import Portal
from tests.watching import Watcher

LOGGED = (
    "the database could not be asked",
    "the live feed (cannot read|stumbled)",
    "(Internal Server Error|Service Unavailable): /",
    "the intake's writer failed",
    "failed on",
)  # at level ERROR while the database is away


def assert_says_come_again(portal: Portal, call: str) -> None:
    """See that a decision that cannot be taken down is answered by a problem document."""
    answer = portal.post(f"calls/{call}/answer/")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1"), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"


def show(consoles: list[Watcher], call: str) -> bool:
    """Tell whether each console shows a call."""
    return all(call in console.cards() for console in consoles)


def are_told(consoles: list[Watcher]) -> bool:
    """Tell whether each console knows that what it shows may be old."""
    return all(console.is_stale() for console in consoles)


def are_told_of_none(consoles: list[Watcher]) -> bool:
    """Tell whether no console knows of an outage."""
    return not any(console.is_stale() for console in consoles)
