"""The public shape of lines."""

from rest_framework import serializers

from routing.models import Line


class LineSerializer(serializers.ModelSerializer[Line]):
    """A line: what callers reach, and what happens when nobody decides."""

    class Meta:
        model = Line
        fields = ["id", "name", "phone", "fallback", "fallback_kind", "fallback_target"]
        read_only_fields = fields
