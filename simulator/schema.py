"""Bodies held against `schema.json`, which knows the shapes of Graph and of the token service."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from simulator.checking import Compiler

SCHEMA = json.loads((Path(__file__).parent / "schema.json").read_text())
QUICK = Compiler(SCHEMA)


class InvalidBody(ValueError):
    """A body that the schema does not allow; the text says where."""


@cache
def validator(name: str) -> Draft202012Validator:
    """Compile the validator of one definition, once."""
    return Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"})


def require(name: str, body: Any) -> None:
    """Check a body against a definition.

    :raises InvalidBody: if it does not fit.
    """
    if QUICK.definition(name)(body):
        return
    error = best_match(validator(name).iter_errors(body))
    where = ".".join(str(part) for part in error.absolute_path) if error else ""
    raise InvalidBody(f"{name}: {where or 'body'}: {error.message[:300] if error else 'invalid'}")
