"""What the doctor finds of one invariant."""

from commsportal.invariants import violations


def found(name: str) -> list[str]:
    """Return what contradicts the invariant of that id."""
    return [line for line in violations() if line.startswith(f"{name}: ")]
