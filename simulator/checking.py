"""JSON Schema compiled to plain functions, as far as `schema.json` uses it.

A load of calls has every notification checked while the portal shares the processor, and interpreting the schema
takes twenty times as long. What these functions refuse is looked at again by `jsonschema`, which explains.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Check = Callable[[Any], bool]
Json = dict[str, Any]

# Keywords that explain and forbid nothing.
NOTES = {"$comment", "$id", "$schema", "$defs", "title", "deprecated", "format", "contentEncoding"}
NOTES |= {"x-kind", "x-openType", "x-flags", "x-returns"}
MEMBERS = {"properties", "patternProperties", "additionalProperties", "then"}
TYPES: dict[str, Check] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "number": lambda value: is_number(value),
    "integer": lambda value: is_number(value) and value == value // 1,
}


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(value: Any, wanted: Any) -> bool:
    """Compare as JSON does, where 1 and true differ."""
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def anything(value: Any) -> bool:
    """Accept."""
    return True


def nothing(value: Any) -> bool:
    """Refuse."""
    return False


def every(checks: list[Check]) -> Check:
    """Return the check that all of these pass."""

    def passes(value: Any) -> bool:
        for check in checks:  # noqa: SIM110  all() over a generator takes twice as long, and this is the core
            if not check(value):
                return False
        return True

    return checks[0] if len(checks) == 1 else passes


class Compiler:
    """Turn definitions into functions, each once; a definition may mention itself."""

    def __init__(self, root: Json) -> None:
        self.definitions: Json = root["$defs"]
        self._made: dict[str, Check] = {}

    def definition(self, name: str) -> Check:
        """Return the check of a definition."""
        if name not in self._made:
            self._made[name] = lambda value: self._made[name](value)  # for a mention of itself, until it is made
            self._made[name] = self.schema(self.definitions[name])
        return self._made[name]

    def schema(self, schema: Json | bool) -> Check:
        """Return the check of a schema: all of its keywords.

        :raises NotImplementedError: if it uses a keyword that is not known here.
        """
        if isinstance(schema, bool):
            return anything if schema else nothing
        checks = []
        for word, argument in schema.items():
            if word in NOTES or word in MEMBERS:
                continue
            maker = getattr(self, f"on_{word.lstrip('$')}", None)
            if maker is None:
                raise NotImplementedError(word)
            checks.append(maker(argument, schema))
        return every(checks + self.members(schema))

    def members(self, schema: Json) -> list[Check]:
        """Return the check of an object's members, if the schema says anything about them."""
        named = {name: self.schema(inner) for name, inner in schema.get("properties", {}).items()}
        patterns = [
            (re.compile(p), self.schema(inner)) for p, inner in schema.get("patternProperties", {}).items()
        ]
        others = self.schema(schema.get("additionalProperties", True))
        if not (named or patterns or "additionalProperties" in schema):
            return []

        @lru_cache(maxsize=1024)
        def checks_of(name: str) -> tuple[Check, ...]:
            found = [check for pattern, check in patterns if pattern.search(name)]
            found += [named[name]] if name in named else []
            return tuple(check for check in found or [others] if check is not anything)

        def fits(value: Any) -> bool:
            if isinstance(value, dict):
                for name, member in value.items():
                    for check in checks_of(name):
                        if not check(member):
                            return False
            return True

        return [fits]

    def on_ref(self, target: str, schema: Json) -> Check:
        """Follow a reference to a definition."""
        return self.definition(target.removeprefix("#/$defs/"))

    def on_type(self, names: str | list[str], schema: Json) -> Check:
        """Check the type."""
        kinds = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
        return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)

    def on_const(self, wanted: Any, schema: Json) -> Check:
        """Check for the one value."""
        return lambda value: same(value, wanted)

    def on_enum(self, wanted: list[Any], schema: Json) -> Check:
        """Check for one of some values."""
        return lambda value: any(same(value, one) for one in wanted)

    def on_required(self, names: list[str], schema: Json) -> Check:
        """Check that an object has members."""
        return lambda value: not isinstance(value, dict) or all(name in value for name in names)

    def on_items(self, inner: Json, schema: Json) -> Check:
        """Check what a list holds."""
        check = self.schema(inner)
        return lambda value: not isinstance(value, list) or all(check(item) for item in value)

    def on_pattern(self, pattern: str, schema: Json) -> Check:
        """Check a text."""
        search = re.compile(pattern).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def on_minLength(self, least: int, schema: Json) -> Check:
        """Check a text's length."""
        return lambda value: not isinstance(value, str) or len(value) >= least

    def on_minimum(self, least: float, schema: Json) -> Check:
        """Check a number's lower bound."""
        return lambda value: not is_number(value) or value >= least

    def on_maximum(self, most: float, schema: Json) -> Check:
        """Check a number's upper bound."""
        return lambda value: not is_number(value) or value <= most

    def on_anyOf(self, inner: list[Json], schema: Json) -> Check:
        """Check that one of several schemas fits."""
        checks = [self.schema(one) for one in inner]
        return lambda value: any(check(value) for check in checks)

    def on_allOf(self, inner: list[Json], schema: Json) -> Check:
        """Check that several schemas fit."""
        return every([self.schema(one) for one in inner])

    def on_not(self, inner: Json, schema: Json) -> Check:
        """Check that a schema does not fit."""
        check = self.schema(inner)
        return lambda value: not check(value)

    def on_if(self, condition: Json, schema: Json) -> Check:
        """Check the consequence of a condition."""
        holds, then = self.schema(condition), self.schema(schema.get("then", True))
        return lambda value: not holds(value) or then(value)
