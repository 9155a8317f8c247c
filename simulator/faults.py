"""Switches: what goes wrong on request, and the choices where the sources are silent (REFERENCE 20)."""

import re
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any

PROBABILITIES = ("duplicate", "reorder", "drop", "throttle", "error", "legacy_first")
COUNTS = {
    "delay_ms": 60_000,
    "slow_ms": 120_000,
    "callback_retries": 1_000,
    "quota": 1_000_000,
    "quota_seconds": 3_600,
    "join_token_hours": 1_000,
}
SWITCHES = (
    "retry_after",
    "delta_full_first",
    "roster_after_removal",
    "presence_through_the_day",
    "pascal_case_enums",
    "inferred_subcodes",
    "nested_error_codes",
)
RESULTS = ("unanswered_result", "reject_result", "reject_busy_result")
WRONG_STATE = (400, 403, 405, 409, 412, 422)
WORDS = {
    "delete_incoming": ("reject", "refuse"),
    "delta_roster": ("object", "array"),
    "peer_roster": ("empty", "both"),
}
STATUSES = {"wrong_state_status": WRONG_STATE, "access_policy_status": (400, 401, 403, 404)}
RESULT_PATTERN = re.compile(r"\d{1,6}/\d{1,6}")


class BadSwitch(ValueError):
    """A switch got a value it does not have; the text says which values it has."""


@dataclass
class Settings:
    """Hold the value of every switch; the names are those of `/api/faults`."""

    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0
    throttle: float = 0.0
    error: float = 0.0
    delay_ms: int = 0
    slow_ms: int = 0
    legacy_first: float = False  # true is always, as 1 is
    quota: int = 0  # requests of an application to a tenant within `quota_seconds`; 0: as many as one likes
    quota_seconds: int = 10
    retry_after: bool = True  # 429 says how long
    callback_retries: int = 0  # choice 2
    seed: int = 1
    wrong_state_status: int = 409  # choice 1
    delta_roster: str = "object"  # choice 3, the wrapping
    delta_full_first: bool = True  # choice 3, what comes first
    unanswered_result: str = "408/10057"  # choice 4
    reject_result: str = "603/0"  # choice 5, for none and forbidden
    reject_busy_result: str = "486/0"  # choice 5, for busy
    access_policy_status: int = 403  # choice 7
    pascal_case_enums: bool = False  # choice 8
    delete_incoming: str = "reject"  # choice 10
    peer_roster: str = "empty"  # choice 11
    join_token_hours: int = 24  # choice 12
    roster_after_removal: bool = True  # choice 14
    inferred_subcodes: bool = False  # 16.3: the inferred sub-codes instead of 0
    presence_through_the_day: bool = False  # people come, have meetings, go to lunch and leave
    nested_error_codes: bool = False  # 16.1: the number inside a JSON text under UnknownError


class Faults:
    """Answer whether something goes wrong now; the same seed gives the same answers, per kind."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._streams: dict[str, Random] = {}

    def stream(self, purpose: str) -> Random:
        """Return the random numbers of one purpose, so that purposes do not disturb each other."""
        if purpose not in self._streams:
            self._streams[purpose] = Random(f"{self.settings.seed}:{purpose}")  # noqa: S311  repeatable on purpose
        return self._streams[purpose]

    def strikes(self, kind: str) -> bool:
        """Draw for one of the probabilities."""
        chance: float = getattr(self.settings, kind)
        return chance > 0 and self.stream(kind).random() < chance

    def as_dict(self) -> dict[str, Any]:
        """Return every switch with its value."""
        return asdict(self.settings)

    def merge(self, changes: dict[str, Any]) -> None:
        """Set the named switches; all or none.

        :raises BadSwitch: on an unknown name or a value out of range.
        """
        known = {field.name for field in fields(Settings)}
        if unknown := sorted(set(changes) - known):
            raise BadSwitch(
                f"There is no switch named {', '.join(unknown)}; there are {', '.join(sorted(known))}."
            )
        checked = {name: check(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self.settings, name, value)
        if "seed" in checked:
            self._streams.clear()


def check(name: str, value: Any) -> Any:
    """Return a switch's value in its own type.

    :raises BadSwitch: if the switch has no such value.
    """
    if name in PROBABILITIES:
        return check_probability(name, value)
    if name in SWITCHES:
        return check_flag(name, value)
    if name in RESULTS:
        return check_result(name, value)
    return check_choice(name, value)


def check_probability(name: str, value: Any) -> float:
    """Return a number from 0 to 1; offering a call in the older format first is also understood as yes or no."""
    if isinstance(value, bool) and name == "legacy_first":
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadSwitch(f"{name} is a probability from 0 to 1.")
    return float(value)


def check_flag(name: str, value: Any) -> bool:
    """Return true or false; 1 and 0 are understood."""
    if value not in (True, False, 0, 1):
        raise BadSwitch(f"{name} is true or false.")
    return bool(value)


def check_result(name: str, value: Any) -> str:
    """Return a result in the form code/subcode."""
    if not isinstance(value, str) or not RESULT_PATTERN.fullmatch(value):
        raise BadSwitch(f"{name} is written code/subcode, such as 408/10057.")
    return value


def check_choice(name: str, value: Any) -> int | str:
    """Return one of the values that a choice offers, or a whole number in its range."""
    if words := WORDS.get(name):
        if value not in words:
            raise BadSwitch(f"{name} is one of {', '.join(words)}.")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadSwitch(f"{name} is a whole number.")
    if value not in STATUSES.get(name, (value,)):
        raise BadSwitch(f"{name} is one of {', '.join(map(str, STATUSES[name]))}.")
    if not 0 <= value <= COUNTS.get(name, value) and name != "seed":
        raise BadSwitch(f"{name} is from 0 to {COUNTS[name]}.")
    return value
