"""The one place that tells the time, so that tests and failure rigs can shift it."""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """Return the present instant in UTC."""
    return timezone.now()
