"""Tenants, their people and their lines, as data without behaviour of their own."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

Behaviour = Literal["answer", "decline", "busy", "ignore"]
BEHAVIOURS: tuple[str, ...] = get_args(Behaviour)

# What people's tokens hold, where they are asked for and their administrator has consented (REFERENCE 2.1).
DELEGATED = frozenset({"Calendars.Read.Shared", "OnlineMeetings.ReadWrite", "User.Read"})
# Granted in every tenant at start; the role values are the singular ones of the permission table.
DEFAULT_ROLES = frozenset(
    {
        "Calls.Initiate.All",
        "Calls.InitiateGroupCall.All",
        "Calls.JoinGroupCall.All",
        "Calls.AccessMedia.All",
        "Calendars.ReadWrite",
        "OnlineMeetings.ReadWrite.All",
        "OnlineMeetingArtifact.Read.All",
        "Presence.Read.All",
        "User.Read.All",
    }
)


@dataclass
class Person:
    """Describe one directory user; `behaviour` says what the person does when called."""

    id: str
    name: str
    given_name: str
    surname: str
    upn: str
    mail: str
    phone: str
    department: str
    job_title: str
    app_roles: tuple[str, ...] = ()
    behaviour: Behaviour = "answer"
    presence: tuple[str, str] | None = None  # availability and activity, set by hand
    out_of_office: str | None = None
    audio_conferencing: bool = True  # licensed for telephones in the meetings that they organise
    zone: str = "UTC"  # of their mailbox, by its Windows name


@dataclass(frozen=True)
class Line:
    """Name one resource account of the bot: the identity that people ring."""

    name: str
    instance_id: str
    phone: str


@dataclass
class Tenant:
    """Hold one organisation: who is in it, which lines it has and what its administrator consented to."""

    id: str
    client_id: str
    people: dict[str, Person]
    lines: dict[str, Line]
    roles: set[str] = field(default_factory=lambda: set(DEFAULT_ROLES))
    removes_participants: bool = True  # Set-CsApplicationMeetingConfiguration names the application
    has_access_policy: bool = True  # Grant-CsApplicationAccessPolicy lets it use people's meetings
    delegated_consent: bool = True  # the administrator has consented to what people's tokens hold

    @property
    def domain(self) -> str:
        """Return the part of the sign-in names behind the at sign."""
        return next((person.upn.split("@")[1] for person in self.people.values()), "")

    def find_person(self, key: str) -> Person | None:
        """Find a person by id or userPrincipalName, whatever the case."""
        wanted = key.lower()
        return self.people.get(wanted) or next((p for p in self.people.values() if p.upn.lower() == wanted), None)

    def find_address(self, address: str) -> Person | None:
        """Find the person whose mailbox an address is, whatever the case."""
        wanted = address.strip().lower()
        return next((p for p in self.people.values() if wanted in (p.mail.lower(), p.upn.lower())), None)


class Directory:
    """Look people and lines up over all tenants."""

    def __init__(self, tenants: list[Tenant]) -> None:
        self.tenants = tenants

    def tenant(self, key: str) -> Tenant | None:
        """Find a tenant by id or domain."""
        return next((t for t in self.tenants if key.lower() in (t.id, t.domain)), None)

    def people(self) -> list[Person]:
        """List everybody."""
        return [person for tenant in self.tenants for person in tenant.people.values()]

    def person(self, person_id: str) -> Person | None:
        """Find a person by id."""
        return next((t.people[person_id.lower()] for t in self.tenants if person_id.lower() in t.people), None)

    def person_by_phone(self, number: str) -> Person | None:
        """Find the person whose telephone this is."""
        return next((person for person in self.people() if person.phone == number), None)

    def line(self, name: str) -> tuple[Tenant, Line] | None:
        """Find a line by its name, whatever the case."""
        return next(
            ((t, line) for t in self.tenants for line in t.lines.values() if line.name == name.lower()), None
        )

    def line_of_instance(self, instance_id: str) -> tuple[Tenant, Line] | None:
        """Find the line that a resource account stands for."""
        return next(((t, t.lines[instance_id]) for t in self.tenants if instance_id in t.lines), None)

    def line_names(self) -> list[str]:
        """List the names that can be rung."""
        return [line.name for tenant in self.tenants for line in tenant.lines.values()]


def read_tenant(data: dict[str, object]) -> Tenant:
    """Build a tenant from the members of a file such as `data/contoso.json`."""
    people = [
        Person(**{**row, "app_roles": tuple(row["app_roles"])})
        for row in cast(list[dict[str, Any]], data["people"])
    ]
    lines = [Line(**row) for row in cast(list[dict[str, Any]], data["lines"])]
    return Tenant(
        id=cast(str, data["tenant_id"]),
        client_id=cast(str, data["client_id"]),
        people={person.id: person for person in people},
        lines={line.instance_id: line for line in lines},
    )


def load_directory(folder: Path = Path(__file__).parent / "data") -> Directory:
    """Read every tenant that ships with the simulator."""
    return Directory([read_tenant(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))])
