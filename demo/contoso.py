"""The organisation of the demo, read as data from the simulator's file."""

import json
from functools import cache
from typing import Any

from commsportal.environment import BASE_DIR

CONTOSO_FILE = BASE_DIR / "simulator" / "data" / "contoso.json"
SIGN_INS = ("rita", "omar", "max", "ada", "una", "eve")


@cache
def contoso() -> dict[str, Any]:
    """Return tenant, people and lines."""
    data: dict[str, Any] = json.loads(CONTOSO_FILE.read_text(encoding="utf-8"))
    return data


def person(username: str) -> dict[str, Any]:
    """Return the person whose principal name starts with `username`."""
    people: list[dict[str, Any]] = contoso()["people"]
    return next(entry for entry in people if entry["upn"].split("@")[0] == username)
