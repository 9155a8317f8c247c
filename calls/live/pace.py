"""How often, how long and how many: what the live feed of one process goes by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds."""

    tick: float = 0.25
    heartbeat: float = 5.0
    heartbeat_with_claim: float = 1.5
    silence: float = 15.0
    renewal: float = 0.5
    review: float = 5.0
    patience: float = 3.0  # with the database, before consoles are told that it is away


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sockets one person and one process hold."""

    per_person: int = 20
    per_process: int = 5000
