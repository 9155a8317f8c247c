"""Enumerations in any case: requests to Outlook spell them so, the schema in one way alone (REFERENCE 23.2)."""

from typing import Any

from simulator.schema import SCHEMA


def folded(name: str, body: Any) -> Any:
    """Return a body with the members of enumerations spelled as a definition has them."""
    return _by(SCHEMA["$defs"][name], body)


def _by(rule: Any, value: Any) -> Any:
    if not isinstance(rule, dict):
        return value
    if "$ref" in rule:
        return folded(rule["$ref"].removeprefix("#/$defs/"), value)
    for inner in [*rule.get("anyOf", ()), *rule.get("allOf", ())]:
        value = _by(inner.get("then", inner), value)
    if isinstance(value, str):
        return next((word for word in rule.get("enum", ()) if str(word).lower() == value.lower()), value)
    if isinstance(value, list) and "items" in rule:
        return [_by(rule["items"], one) for one in value]
    if isinstance(value, dict) and "properties" in rule:
        return {key: _by(rule["properties"].get(key), one) for key, one in value.items()}
    return value
