"""The public shape of people."""

from typing import Any

from rest_framework import serializers

from commsportal.api import QuerySerializer
from directory.models import Person, User


class LineNameSerializer(serializers.Serializer[Any]):
    """A line by its name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """The person who asks: what they may do, and where."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField(source="get_full_name")
    roles = serializers.ListField(child=serializers.CharField())
    rights = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()
    graph_user = serializers.SerializerMethodField()

    def get_rights(self, user: User) -> list[str]:
        """Return the rights in a stable order."""
        return sorted(user.rights)

    def get_lines(self, user: User) -> list[dict[str, Any]]:
        """Return the lines in the person's scope; the relation is declared by the layer above."""
        visible = user.lines.model.objects.visible_to(user)
        return [{"id": line.pk, "name": line.name} for line in visible]

    def get_graph_user(self, user: User) -> str | None:
        """Return the id of the Graph user that calls are redirected to when they say "me"."""
        return user.oid or None


class PersonSerializer(serializers.ModelSerializer[Person]):
    """Somebody of the organisation's directory, under Graph's id."""

    id = serializers.CharField(source="oid")
    phones = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields = ["id", "name", "upn", "mail", "phones", "department", "job_title"]

    def get_phones(self, person: Person) -> list[str]:
        """Return the numbers, business first."""
        return [number for number in (person.business_phone, person.mobile_phone) if number]


class PeopleQuerySerializer(QuerySerializer):
    """What may be asked of the list of people."""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
