"""What a scenario does to everybody, and what comes with a call that asks the application into a group."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulator.engine.conference import Conference
from simulator.engine.model import Json
from simulator.people import Person


@dataclass
class Habits:
    """Hold what a scenario does to everybody: how many are away, whether transfers come to nothing."""

    absent: float = 0.0
    transfers_fail: bool = False

    def keep_away(self, person: Person, seed: int, now: datetime) -> bool:
        """Tell whether somebody is among those who are away; who it is changes every quarter of an hour."""
        if not self.absent or person.behaviour != "answer":
            return False
        quarter = int(now.timestamp() // 900)
        return Random(f"{seed}:{person.id}:{quarter}").random() < self.absent  # noqa: S311  repeatable on purpose


@dataclass(frozen=True)
class Invites:
    """Hold what a call has that asks the application into a group."""

    conference: Conference
    chat_info: Json
    meeting_info: Json
    invited_as: str
