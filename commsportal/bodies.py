"""Bodies of requests: every member is known, and numbers are numbers."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

LARGEST_ID = 2**63 - 1


class StrictSerializer(serializers.Serializer[Any]):
    """A body of which every member is known."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """:raises ValidationError: naming the members that are not known."""
        unknown = set(data) - set(self.fields) if isinstance(data, Mapping) else set()
        if unknown:
            raise serializers.ValidationError({str(name): ["Unknown field."] for name in sorted(unknown)})
        values: dict[str, Any] = super().to_internal_value(data)
        return values


class ClosedBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Say in the API's description that a strict body has no other members."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return the shape of the serializer, closed."""
        shape: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        return shape | {"additionalProperties": False}


class StrictInteger(serializers.IntegerField):
    """A JSON number that is whole, `7.0` as well as `7`; text, fractions and Booleans are not."""

    def to_internal_value(self, data: Any) -> int:
        """:raises ValidationError: for anything but a whole number."""
        whole = int(data) if type(data) is float and data.is_integer() else data
        if type(whole) is not int:
            self.fail("invalid")
        return super().to_internal_value(whole)
