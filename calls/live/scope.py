"""Whose cards somebody sees."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of lines, or all of them. People of the same scope share each message."""

    lines: frozenset[int] | None  # None: every line, and calls that reached no known line

    def __contains__(self, line_id: object) -> bool:
        return self.lines is None or line_id in self.lines


EVERYTHING: Final = Scope(None)
