"""The one place that tells the time, so that tests and failure rigs can shift it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)
