"""Contoso's lines, people and sign-ins as rows. Seeding again adds what is missing and changes nothing else."""

from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from commsportal.environment import kept_secret
from demo.contoso import SIGN_INS, contoso, person
from directory.models import User
from meetings.models import MeetingTemplate, Organizer
from routing.models import Line

STAFF = {"main": ("rita", "omar", "max"), "sales": ("rita", "omar", "max"), "clinic": ("rita", "max")}


ORGANIZERS, MEETING_STAFF = ("max", "omar"), ("max", "rita")
TEMPLATES: dict[str, dict[str, Any]] = {
    "Consultation": {"minutes": 45, "subject": "Consultation", "lobby": "organizer", "chat": "limited"},
    "Stand-up": {"minutes": 15, "subject": "Stand-up", "presenters": "everyone", "chat": "enabled"},
}


@transaction.atomic
def seed(password_file: Path) -> None:
    """Make what is missing; every sign-in has the password kept in `password_file`."""
    users = {username: ensure_user(username) for username in SIGN_INS}
    set_passwords(list(users.values()), kept_secret(password_file, size=12))
    for entry in contoso()["lines"]:
        ensure_line(entry, [users[name] for name in STAFF[entry["name"]]])
    for username in ORGANIZERS:
        ensure_organizer(username, [users[name] for name in MEETING_STAFF])
    for name, choices in TEMPLATES.items():
        ensure_template(name, choices)


def ensure_user(username: str) -> User:
    """Return the account, made with the roles and the Microsoft account that Contoso gives this person."""
    entry = person(username)
    user, _ = User.objects.get_or_create(
        username=username,
        defaults={
            "name": entry["name"],
            "email": entry["mail"],
            "roles": entry["app_roles"],
            "tenant_id": contoso()["tenant_id"],
            "oid": entry["id"],
        },
    )
    return user


def set_passwords(users: list[User], password: str) -> None:
    """Give every account the demo's password; one hash for all, because hashing is slow on purpose."""
    right = {text for text in {user.password for user in users} if check_password(password, text)}
    wrong = [user for user in users if user.password not in right]
    if wrong:
        User.objects.filter(pk__in=[user.pk for user in wrong]).update(password=make_password(password))


def ensure_line(entry: dict[str, Any], staff: list[User]) -> None:
    """Make a line with its fallback and staff, unless it is there."""
    line, made = Line.objects.get_or_create(
        tenant_id=contoso()["tenant_id"],
        name=entry["name"],
        defaults={
            "phone": entry["phone"],
            "instance_id": entry["instance_id"],
            **fallback(entry["name"]),
            **mode(entry["name"]),
        },
    )
    if made:
        line.staff.set(staff)


def ensure_organizer(username: str, staff: list[User]) -> None:
    """Have meetings be held in somebody's name, unless they are already."""
    entry = person(username)
    organizer, made = Organizer.objects.get_or_create(
        tenant_id=contoso()["tenant_id"], oid=entry["id"], defaults={"name": entry["name"]}
    )
    if made:
        organizer.staff.set(staff)


def ensure_template(name: str, choices: dict[str, Any]) -> None:
    """Have a kind of meeting to begin with, unless it is there."""
    MeetingTemplate.objects.get_or_create(tenant_id=contoso()["tenant_id"], name=name, defaults=choices)


def fallback(line: str) -> dict[str, str]:
    """Return what happens to a call of this line that nobody decides."""
    if line == "main":
        return {"fallback": "redirect", "fallback_kind": "user", "fallback_target": person("max")["id"]}
    if line == "sales":
        return {"fallback": "voicemail", "fallback_kind": "user", "fallback_target": person("omar")["id"]}
    return {"fallback": "reject"}


def mode(line: str) -> dict[str, str]:
    """Return how calls of this line are taken (at the clinic the bot stays in control) and who holds meetings."""
    taken = Line.Mode.BRIDGE if line == "clinic" else Line.Mode.DIRECT
    return {"mode": taken, "organizers": person("max")["id"]}
