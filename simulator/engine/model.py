"""What a call is: frozen values, and the one record that changes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from simulator.engine.conference import Conference, Operation

Json = dict[str, Any]
Kind = Literal["user", "phone", "application", "applicationInstance", "voicemail", "guest", "group"]

APPLICATION = "application"
CALLER = "caller"
CALLEE = "callee"
SERVICE = "service"

IN_CALL = ("establishing", "established", "transferring", "transferAccepted")


class GraphFault(Exception):
    """A request that Graph refuses, with the status and code of REFERENCE 16."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True)
class Party:
    """Name one end of a call."""

    kind: Kind
    id: str
    name: str = ""
    tenant_id: str = ""

    def identity_set(self) -> Json:
        """Return the party as Graph's identitySet; voicemail is a property of the target, not an identity."""
        identity: Json = {"@odata.type": "#microsoft.graph.identity", "id": self.id}
        if self.name:
            identity["displayName"] = self.name
        if self.tenant_id and self.kind == "user":
            identity["tenantId"] = self.tenant_id
        member = "user" if self.kind == "voicemail" else self.kind
        return {"@odata.type": "#microsoft.graph.identitySet", member: identity}

    def is_same(self, other: "Party") -> bool:
        """Tell whether both name the same person or number."""
        return (self.kind, self.id.lower()) == (other.kind, other.id.lower())

    def label(self) -> str:
        """Return the name to show, or the number."""
        return f"Voicemail of {self.name or self.id}" if self.kind == "voicemail" else self.name or self.id


@dataclass(frozen=True)
class Result:
    """Say how a call ended: Graph's resultInfo."""

    code: int
    subcode: int
    message: str = ""

    def to_graph(self) -> Json:
        """Return the resultInfo; integers and `subcode`, whatever the pages show (REFERENCE 16.2)."""
        return {
            "@odata.type": "#microsoft.graph.resultInfo",
            "code": self.code,
            "subcode": self.subcode,
            "message": self.message,
        }


@dataclass(frozen=True)
class Happening:
    """Record that a call reached a state, and who brought it there."""

    at: datetime
    state: str
    by: str


@dataclass
class Leg:
    """Hold one party's side of a call: ringing, connected or left."""

    party: Party
    state: str


@dataclass
class Call:
    """Hold the application's leg of a call, and what the caller does once the application is out of it.

    A call of several has a conference. One that began between two, `was_peer`, is told no roster (REFERENCE 18.1).
    """

    id: str
    chain_id: str
    my_participant_id: str
    scenario_id: str
    tenant_id: str
    app_id: str
    direction: Literal["incoming", "outgoing"]
    state: str
    caller: Party
    callee: Party
    callback_uri: str
    created_at: datetime
    source: Json = field(default_factory=dict)
    targets: list[Json] = field(default_factory=list)
    modalities: list[str] = field(default_factory=lambda: ["audio"])
    media_config: Json | None = None
    subject: str | None = None
    line: str = ""
    transferor: Party | None = None
    audio: str = ""
    result: Result | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    keep_alive_until: datetime | None = None
    leg: Literal["", "ringing", "talking", "ended"] = ""
    legs: list[Leg] = field(default_factory=list)
    history: list[Happening] = field(default_factory=list)
    held_establishing: bool = False
    chatty: bool = False
    options: Json = field(default_factory=dict)
    chat_info: Json | None = None
    meeting_info: Json | None = None
    conference: "Conference | None" = None
    is_guest: bool = False
    was_peer: bool = False
    roster_told: bool = False
    invited_as: str = ""
    operations: dict[str, "Operation"] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Tell whether Graph knows the call no more."""
        return self.state == "terminated"

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody of the call is on the telephone any more."""
        return self.is_over and self.leg in ("", "ended")

    @property
    def own_end(self) -> Party:
        """Return the identity of the application that was called or calls."""
        return self.callee if self.direction == "incoming" else self.caller

    @property
    def own_party(self) -> Party:
        """Return the application as rosters list it, whichever of its identities was called."""
        return Party("application", self.app_id, "commsportal", self.tenant_id)

    @property
    def remote(self) -> Party:
        """Return the person at the other end of the application's leg."""
        return self.caller if self.direction == "incoming" else self.callee

    @property
    def remote_role(self) -> str:
        """Return the word for the other end in a history."""
        return CALLER if self.direction == "incoming" else CALLEE


@dataclass(frozen=True)
class Notification:
    """Hold one POST to a callback, ready but for its signature."""

    call_id: str
    uri: str
    tenant_id: str
    audience: str
    message_id: str
    scenario_id: str
    chain_id: str
    body: Json
    not_before: datetime
    offers: bool = False
    legacy: Json | None = None
