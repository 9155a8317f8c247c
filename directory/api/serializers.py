"""The public shape of people."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from commsportal.api import QuerySerializer
from directory import presence
from directory.models import LONGEST_SKILL, Person, User

MOST_IDS = 100  # of one question: more than a screen shows


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


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody of the organisation's directory, under Graph's id."""

    id = serializers.CharField()
    name = serializers.CharField()
    upn = serializers.CharField()
    mail = serializers.CharField()
    phones = serializers.ListField(child=serializers.CharField(), help_text="business first")
    department = serializers.CharField()
    job_title = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField())


def person_json(person: Person) -> dict[str, Any]:
    """Return what `PersonSerializer` describes; many at a time cost a serializer longer."""
    return {
        "id": person.oid,
        "name": person.name,
        "upn": person.upn,
        "mail": person.mail,
        "phones": [number for number in (person.business_phone, person.mobile_phone) if number],
        "department": person.department,
        "job_title": person.job_title,
        "skills": person.skills,
    }


class PeopleQuerySerializer(QuerySerializer):
    """What may be asked of the list of people."""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    department = serializers.CharField(required=False, max_length=128)
    skill = serializers.CharField(required=False, max_length=LONGEST_SKILL)


class GroupSerializer(serializers.Serializer[Any]):
    """A department or a skill, and how many people it has."""

    name = serializers.CharField()
    people = serializers.IntegerField()


class GroupsSerializer(serializers.Serializer[Any]):
    """By what the directory can be narrowed."""

    departments = GroupSerializer(many=True)
    skills = GroupSerializer(many=True)


class AtHandSerializer(serializers.Serializer[Any]):
    """Whom somebody wants at hand: by name, and those sent calls to of late, newest first."""

    favourites = PersonSerializer(many=True)
    recents = PersonSerializer(many=True)


class PresenceQuerySerializer(QuerySerializer):
    """Whom somebody looks at."""

    ids = serializers.RegexField(
        r"^\s*[0-9A-Fa-f-]{36}(\s*,\s*[0-9A-Fa-f-]{36})*\s*$",
        max_length=MOST_IDS * 40,
        error_messages={"invalid": "Ids of people, separated by commas."},
        help_text=f"ids of up to {MOST_IDS} people, separated by commas",
    )

    def validate_ids(self, value: str) -> list[str]:
        """Return the ids, each once."""
        ids = sorted({one.strip().lower() for one in value.split(",")})
        if len(ids) > MOST_IDS:
            raise serializers.ValidationError(f"At most {MOST_IDS} ids: ask for those that are shown.")
        return ids


class PresenceSerializer(serializers.Serializer[Any]):
    """How somebody showed in Teams at an instant, in Microsoft's words."""

    availability = serializers.CharField()
    activity = serializers.CharField()
    is_out_of_office = serializers.BooleanField()
    message = serializers.CharField()
    at = serializers.DateTimeField()


class PresentSerializer(serializers.Serializer[Any]):
    """Somebody and their presence; null: it is not known, or no longer."""

    id = serializers.CharField(source="oid")
    presence = serializers.SerializerMethodField()

    @extend_schema_field(PresenceSerializer(allow_null=True))
    def get_presence(self, person: Person) -> dict[str, Any] | None:
        """Return what is known and still believed."""
        found = presence.known(person)
        return dict(PresenceSerializer(found).data) if found else None


class PresencesSerializer(serializers.Serializer[Any]):
    """Who is free; `trouble` says in words why that is not known."""

    results = PresentSerializer(many=True)
    trouble = serializers.CharField()
