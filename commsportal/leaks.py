"""Secrets where they must not be: in rows (I13)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Cast

from commsportal.invariants import Invariant, Progress

SHORTEST = 12  # what is shorter stands in innocent texts too
CHUNK = 200
APPS = ("commsportal", "audit", "webhooks", "directory", "routing", "calls", "meetings")
SHAPES = {
    "a signed token": ("eyJ", re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}")),
    "an API token": ("cp_", re.compile(r"\bcp_[0-9a-f]{8}_[\w-]{43}(?![\w-])")),
    "a calendar's link": ("ccal_", re.compile(r"\bccal_[\w-]{43}(?![\w-])")),
    "a private key": ("PRIVATE KEY", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
}


def secrets() -> dict[str, str]:
    """Return what this deployment keeps to itself, by the name of the setting."""
    file = settings.GRAPH_CLIENT_SECRET_FILE
    found = {
        "SECRET_KEY": settings.SECRET_KEY,
        "GRAPH_CLIENT_SECRET": settings.GRAPH_CLIENT_SECRET,
        "GRAPH_CLIENT_SECRET_FILE": Path(file).read_text().strip() if file and Path(file).is_file() else "",
        "EMAIL_HOST_PASSWORD": settings.EMAIL_HOST_PASSWORD,
        "METRICS_TOKEN": settings.METRICS_TOKEN,
        **{f"SECRET_KEY_FALLBACKS {n}": key for n, key in enumerate(settings.SECRET_KEY_FALLBACKS, 1)},
        "DATABASE_URL": str(settings.DATABASES["default"].get("PASSWORD") or ""),
    }
    return {name: value for name, value in found.items() if len(value) >= SHORTEST}


def secrets_are_not_in_rows(progress: Progress) -> Iterator[str]:
    """I13: no text of any row holds a secret of the deployment, a token or a key."""
    known, seen = secrets(), 0
    marks = {*known.values(), *(mark for mark, _ in SHAPES.values())}
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            for name, rows in _texts_with(model, marks):
                for key, text in rows.iterator(chunk_size=CHUNK):
                    seen += 1
                    progress(seen)
                    for what in _secrets_in(text, known):
                        yield f"{what} stands in {model._meta.label_lower}.{name} of row {key}"


def _texts_with(model: type[models.Model], marks: set[str]) -> Iterator[tuple[str, QuerySet[Any, Any]]]:
    """Yield, for each field of texts, the rows that hold one of `marks` in it: the database does the reading."""
    for field in model._meta.concrete_fields:
        if isinstance(field, (models.CharField, models.TextField, models.JSONField)):
            where = Q()
            for mark in marks:
                where |= Q(text_to_search__contains=mark)
            texts = model._default_manager.annotate(text_to_search=Cast(field.name, models.TextField()))
            yield field.name, texts.filter(where).values_list("pk", "text_to_search")


def _secrets_in(text: str, known: dict[str, str]) -> Iterator[str]:
    yield from (name for name, value in known.items() if value in text)
    yield from (name for name, (_, shape) in SHAPES.items() if shape.search(text))


INVARIANT = Invariant(
    "I13",
    "no secret of the deployment, no token and no key stands in a row",
    "Change the secret, at Microsoft or in the settings, since copies of the database hold it; then find out how "
    "it came there: the finding names the column.",
    secrets_are_not_in_rows,
)
