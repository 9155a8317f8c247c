"""What `assert_holds` looks at beyond the portal's own rows is noticed when it does not hold."""

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from tests.invariants import Sides, assert_holds
from tests.logged import read_log
from tests.watching import Mirror, Watcher

AT = "2026-11-21T10:00:00+00:00"
CALL = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
TABLES = """
create table calls_call (id, graph_id, state, direction, established_at);
create table calls_operation (id, call_id, kind, status, accepted_at, sends);
create table calls_timer (call_id);
create table webhooks_delivery (id, message_key, "index", duplicates, status, error);
"""


class Small(Sides):
    """One call that rang, was redirected and ended, on both sides."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.executescript(TABLES)
        self.write(f"insert into calls_call values ('{CALL}', 'g', 'terminated', 'incoming', null)")
        self.write(f"insert into calls_operation values ('o', '{CALL}', 'redirect', 'done', 'then', 1)")
        self.sent: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.lines: list[tuple[str, str]] = [("INFO", "all is well"), ("WARNING", "less well")]
        self.found: list[str] = []
        self.counted = "calls_total 1"
        for message, change in (("m1", "created"), ("m2", "deleted")):
            self.notify(message, change)
            self.write(f"insert into webhooks_delivery values (1, '{message}', 0, 0, 'applied', '')")
        self.call("g", "terminated", "redirecting")

    def write(self, statement: str) -> None:
        """Change the portal's rows."""
        self.database.execute(statement)

    def notify(self, message: str, change: str, status: int = 202, call: str = "g") -> None:
        """Have the simulator send something."""
        self.sent.append({"at": AT, "call": call, "change": change, "message_id": message, "status": status})

    def call(self, key: str, state: str, *effects: str, direction: str = "incoming") -> None:
        """Have the simulator hold a call, to which the application did `effects`."""
        history = [{"at": AT, "state": "incoming", "by": "caller"}]
        history += [{"at": AT, "state": effect, "by": "application"} for effect in effects]
        self.calls.append({"id": key, "state": state, "direction": direction, "history": history})

    def told(self, path: str) -> Any:
        """Return what the simulator holds."""
        return {"results": self.sent if "deliveries" in path else self.calls}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows of the portal."""
        return self.database.execute(statement).fetchall()

    def doctor(self) -> list[str]:
        """Return what the doctor is to find."""
        return self.found

    def log(self) -> Iterator[tuple[str, str]]:
        """Yield what was logged."""
        yield from self.lines

    def secrets(self) -> dict[str, str]:
        """Return the only secret."""
        return {"the password": "open sesame"}

    def figures(self) -> str:
        """Return what is counted."""
        return self.counted


@pytest.fixture
def small() -> Small:
    """Return two sides that agree."""
    return Small()


def refused(sides: Sides, *watchers: Watcher, expected_log: tuple[str, ...] = ()) -> str:
    """Return why a run is refused, empty if it is not."""
    try:
        assert_holds(sides, watchers=watchers, expected_log=expected_log, seconds=0)
    except AssertionError as error:
        return str(error)
    return ""


def test_a_run_of_which_both_sides_say_the_same_passes(small: Small) -> None:
    assert refused(small) == ""


def test_what_the_doctor_finds_is_said(small: Small) -> None:
    small.found = ["I9: nothing will look after call 5"]
    assert refused(small) == "I9: nothing will look after call 5"


@pytest.mark.control("I2")
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("delete from webhooks_delivery where message_key = 'm2'", "I2: message m2 was answered 202 and is not"),
        ("insert into webhooks_delivery values (3, 'm1', 0, 0, 'applied', '')", "I2: message m1 has 2 rows"),
        (
            "insert into webhooks_delivery values (3, 'm1', 1, 0, 'applied', '')",
            "I2: message m1 has 1 rows at index 1",
        ),
        (
            "insert into webhooks_delivery values (3, 'm9', 0, 0, 'applied', '')",
            "I2: message m9 is stored and was",
        ),
        ("update webhooks_delivery set duplicates = 1", "I2: message m1 was sent 1 times and repeated 1 times"),
    ],
)
def test_a_202_without_its_row_and_a_row_without_its_message_are_noticed(
    small: Small, statement: str, fault: str
) -> None:
    small.write(statement)
    assert fault in refused(small)


@pytest.mark.control("I2")
def test_a_message_that_was_not_acknowledged_need_not_be_there(small: Small) -> None:
    small.notify("m3", "updated", status=503)
    assert refused(small) == ""


@pytest.mark.control("I4")
@pytest.mark.parametrize(
    ("effects", "fault"),
    [
        (("redirecting", "redirecting"), "I4: at call g was done {'redirecting': 2}"),
        (("redirecting", "establishing"), "I4: at call g was done {'redirecting': 1, 'establishing': 1}"),
        ((), "I4: redirect of call g is said to be done and left no trace"),
    ],
)
def test_an_effect_too_many_or_too_few_is_noticed(small: Small, effects: tuple[str, ...], fault: str) -> None:
    small.calls.clear()
    small.call("g", "terminated", *effects)
    assert fault in refused(small)


@pytest.mark.control("I4")
def test_a_call_that_was_placed_twice_is_noticed(small: Small) -> None:
    small.write("insert into calls_call values ('d', 'h', 'terminated', 'outgoing', null)")
    small.write("insert into calls_operation values ('p', 'd', 'create', 'done', 'then', 1)")
    small.call("h", "terminated", "establishing", direction="outgoing")
    assert refused(small) == ""
    small.call("i", "terminated", "establishing", direction="outgoing")
    assert refused(small) == "I4: 2 calls were placed and 1 asked for"


@pytest.mark.control("I14")
@pytest.mark.parametrize(
    ("queue", "length", "fault"),
    [
        ("messages to sockets", 3, "I14: of messages to sockets, 3 are still in memory"),
        ("requests", 1, ""),
        ("requests", 2, "I14: of requests, 2 are still in memory"),
    ],
)
def test_what_is_still_in_memory_is_noticed(small: Small, queue: str, length: int, fault: str) -> None:
    small.counted = f'portal_queue_length{{queue="{queue}"}} {length}.0\nportal_queue_bound{{queue="{queue}"}} 9.0'
    assert refused(small) == fault


@pytest.mark.control("I10")
def test_a_call_that_lives_on_one_side_is_noticed(small: Small) -> None:
    small.calls[0]["state"] = "established"
    assert refused(small) == "I10: call g is over here and established there"
    small.calls[0]["state"] = "terminated"
    small.write("update calls_call set state = 'established'")
    assert refused(small) == "I10: call g is established here and over there"
    small.write("delete from calls_call")
    small.write("delete from calls_operation")
    assert "I10: call g was told and is not here" in refused(small)


@pytest.mark.control("I10")
def test_an_end_that_was_never_told_is_no_finding_while_a_check_is_due(small: Small) -> None:
    small.write("update calls_call set state = 'established'")
    small.sent[1]["status"] = 503
    assert refused(small) == "I10: call g is established here and over there"
    small.write(f"insert into calls_timer values ('{CALL}')")
    assert refused(small) == ""


@pytest.mark.control("I13")
def test_a_secret_in_a_log_is_noticed(small: Small) -> None:
    small.lines.append(("INFO", "somebody said open sesame"))
    assert refused(small) == "I13: the password is in a log"


@pytest.mark.control("I13")
def test_a_secret_among_the_figures_is_noticed(small: Small) -> None:
    small.counted = 'calls_total{by="open sesame"} 1'
    assert refused(small) == "I13: the password is among the figures"


@pytest.mark.control("I15")
@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("ERROR", "it failed"),
        ("CRITICAL", "it failed badly"),
        ("WARNING", "Task exception was never retrieved"),
        ("", "coroutine 'x' was never awaited"),
        ("", "Traceback (most recent call last):"),
    ],
)
def test_an_unexpected_error_is_noticed(small: Small, level: str, line: str) -> None:
    small.lines.append((level, line))
    assert refused(small) == f"I15: {line}"
    assert refused(small, expected_log=("something else",)) == f"I15: {line}"
    assert refused(small, expected_log=(re.escape(line),)) == ""


def test_lines_of_a_log_have_a_level_and_last_words_have_none() -> None:
    whole = json.dumps({"level": "INFO", "message": "here"})
    lines = [whole, whole[:9], "Traceback (most recent call last):", ""]
    assert [level for level, _ in read_log(lines)] == ["INFO", "", ""]


class Still(Watcher):
    """A console that was open, and what one opened now would show."""

    def __init__(self, held: dict[str, Any], fresh: dict[str, Any]) -> None:
        super().__init__("ws://nowhere", "")
        self.mirror.cards, self.fresh = held, fresh

    def _snapshot(self) -> dict[str, Any]:
        return self.fresh


@pytest.mark.control("I7")
def test_a_page_that_shows_something_else_than_a_fresh_one_is_noticed(small: Small) -> None:
    card = {"lane": "handled", "version": 2}
    assert refused(small, Still({CALL: card}, {CALL: card})) == ""
    different = f"I7: card {CALL} is not as in a snapshot"
    assert refused(small, Still({CALL: card | {"version": 1}}, {CALL: card})) == different
    assert refused(small, Still({}, {CALL: card})) == different
    assert refused(small, Still({CALL: card}, {})) == different


@pytest.mark.control("I7")
def test_numbers_and_versions_that_go_back_are_noticed() -> None:
    mirror = Mirror()
    mirror.hear({"type": "snapshot", "seq": 5, "cards": [{"id": "a", "version": 3}]})
    mirror.hear({"type": "changed", "seq": 6, "cards": [{"id": "a", "version": 4}], "gone": ["b"]})
    assert mirror.faults == []
    mirror.hear({"type": "changed", "seq": 4, "cards": [{"id": "a", "version": 2}], "gone": []})
    assert mirror.faults == ["after 6 came 4", "card a went from version 4 to 2"]


@pytest.mark.control("I8")
def test_an_ended_call_among_the_live_ones_is_noticed(small: Small) -> None:
    for lane in ("ringing", "live"):
        card = {"lane": lane, "version": 2}
        watcher = Still({CALL: card}, {CALL: card})
        assert refused(small, watcher) == f"I8: call {CALL} is over and stands in the lane {lane}"
