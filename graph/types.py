"""Graph's entities as frozen values, read tolerantly (REFERENCE 1, 14.2, 19).

What Graph sends may be partial, wrongly cased or wrongly typed: a reader here never raises, it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TargetKind = Literal["user", "phone", "application", "voicemail"]
TARGET_KINDS: tuple[TargetKind, ...] = ("user", "phone", "application", "voicemail")

# `ringing` is on the pages and not in v1.0 metadata: unknown to us, as `unknownFutureValue` is.
CALL_STATES = (
    "incoming",
    "establishing",
    "established",
    "hold",
    "transferring",
    "transferAccepted",
    "redirecting",
    "terminating",
    "terminated",
)
DIRECTIONS = ("incoming", "outgoing")
CHANGE_TYPES = ("created", "updated", "deleted")
OPERATION_STATES = ("notStarted", "running", "completed", "failed")
MEDIA_STATES = ("active", "inactive")
# Whom to name when a set holds several: the person before the machine.
IDENTITY_ORDER = ("user", "phone", "guest", "applicationInstance", "application", "encrypted")

_HEX = re.compile(r"[0-9a-f]{32}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def normalize_id(value: str) -> str:
    """Spell a GUID the one way we compare: lower case with dashes; leave anything else as it is.

    Notifications print the same id with and without dashes, in either case.
    """
    if not value or _GUID.fullmatch(value):
        return value
    digits = value.replace("-", "").lower()
    if not _HEX.fullmatch(digits):
        return value
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def guid(value: str) -> str:
    """Return a GUID as `normalize_id` spells it, and nothing for what is none (REFERENCE 1 Ids)."""
    if _GUID.fullmatch(value):
        return value
    spelled = normalize_id(value)
    return spelled if _GUID.fullmatch(spelled) else ""


def text(value: object) -> str:
    """Read a string that a database can hold: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value.replace("\x00", "")
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def mapping(value: object) -> dict[str, Any]:
    """Read an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """Read a list of objects, or one object that stands for such a list."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def integer(value: object) -> int | None:
    """Read an Int32 that may be written as a string (REFERENCE 16.2)."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}", value.strip()):
        value = int(value)
    if type(value) is not int or not -(2**31) <= value < 2**31:
        return None
    return value


def word(value: object, known: Collection[str]) -> str:
    """Read an enumeration member in any case; an unknown one is empty."""
    if not isinstance(value, str):
        return ""
    if value in known:
        return value
    wanted = text(value).lower()
    return next((member for member in known if member.lower() == wanted), "")


def odata_type(value: Mapping[str, Any]) -> str:
    """Read `@odata.type` without its namespace: `#microsoft.graph.call` is `call`."""
    return text(value.get("@odata.type")).rpartition(".")[2].lstrip("#")


@dataclass(frozen=True)
class Identity:
    """One party, and by which member of the identity set it was named."""

    kind: str
    id: str
    name: str = ""
    tenant_id: str = ""

    @classmethod
    def from_identity_set(cls, value: object) -> Identity | None:
        """Pick the most telling identity of a set; None when it names nobody."""
        return next(iter(cls.all_of_set(value)), None)

    @classmethod
    def all_of_set(cls, value: object) -> tuple[Identity, ...]:
        """Read every identity of a set, the most telling first."""
        members = mapping(value)
        found = [cls._from_member(kind, mapping(members[kind])) for kind in sorted(members, key=_rank)]
        return tuple(identity for identity in found if identity)

    @classmethod
    def _from_member(cls, kind: str, member: dict[str, Any]) -> Identity | None:
        id_, name = normalize_id(text(member.get("id"))), text(member.get("displayName"))
        if not (id_ or name):
            return None
        return cls(text(kind), id_, name, normalize_id(text(member.get("tenantId"))))


@dataclass(frozen=True)
class Target:
    """Whom to call, redirect or transfer to."""

    kind: TargetKind
    id: str
    name: str = ""

    def to_graph(self) -> dict[str, Any]:
        """Write an invitationParticipantInfo (REFERENCE 4.3, target kinds)."""
        identity = {"@odata.type": "#microsoft.graph.identity", "id": self.id}
        if self.name:
            identity["displayName"] = self.name
        member = "user" if self.kind == "voicemail" else self.kind
        info: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.invitationParticipantInfo",
            "identity": {"@odata.type": "#microsoft.graph.identitySet", member: identity},
        }
        if self.kind == "voicemail":
            info["endpointType"] = "voicemail"
        return info


@dataclass(frozen=True)
class Result:
    """How something ended (REFERENCE 16.2); numbers arrive as strings too, `subcode` as `subCode`."""

    code: int | None
    subcode: int | None
    message: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Result | None:
        """Read a resultInfo; None when there is none."""
        info = mapping(value)
        subcode = info.get("subcode", info.get("subCode"))
        result = cls(integer(info.get("code")), integer(subcode), text(info.get("message")))
        return result if (result.code, result.subcode, result.message) != (None, None, "") else None


@dataclass(frozen=True)
class Call:
    """A call as Graph told it; members that were not told are empty. Tones are never kept."""

    id: str = ""
    state: str = ""
    direction: str = ""
    source: Identity | None = None
    targets: tuple[Identity, ...] = ()
    reached: tuple[Identity, ...] = ()  # every member of every target: a line may have both number and bot
    tenant_id: str = ""
    chain_id: str = ""
    my_participant_id: str = ""
    media_audio: str = ""
    result: Result | None = None
    callback_uri: str = ""
    subject: str = ""
    chat_info: dict[str, Any] | None = field(default=None, repr=False)
    meeting_info: dict[str, Any] | None = field(default=None, repr=False)
    request_id: str = field(default="", compare=False)  # of the request that created it

    @classmethod
    def from_graph(cls, value: object) -> Call:
        """Read a call, whole or partial."""
        call = mapping(value)
        return cls(
            id=guid(entity_id(call)),
            state=word(call.get("state"), CALL_STATES),
            direction=word(call.get("direction"), DIRECTIONS),
            source=_party(call.get("source")),
            targets=tuple(party for item in objects(call.get("targets")) if (party := _party(item))),
            reached=tuple(one for item in objects(call.get("targets")) for one in _members(item)),
            tenant_id=normalize_id(text(call.get("tenantId"))),
            chain_id=normalize_id(text(call.get("callChainId"))),
            my_participant_id=normalize_id(text(call.get("myParticipantId"))),
            media_audio=word(mapping(call.get("mediaState")).get("audio"), MEDIA_STATES),
            result=Result.from_graph(call.get("resultInfo")),
            callback_uri=text(call.get("callbackUri")),
            subject=text(call.get("subject")),
            chat_info=mapping(call.get("chatInfo")) or None,
            meeting_info=mapping(call.get("meetingInfo")) or None,
        )


@dataclass(frozen=True)
class Participant:
    """One entry of a roster; `id` may be empty, the service has sent null."""

    id: str = ""
    identity: Identity | None = None
    is_muted: bool = False
    is_in_lobby: bool = False
    endpoint: str = ""
    region: str = ""
    language: str = ""
    is_removed: bool = False
    sequence: int | None = None

    @classmethod
    def from_graph(cls, value: object) -> Participant:
        """Read a participant of a roster or of a delta of one."""
        entry = mapping(value)
        info = mapping(entry.get("info"))
        return cls(
            id=entity_id(entry),
            identity=_party(info),
            is_muted=entry.get("isMuted") is True,
            is_in_lobby=entry.get("isInLobby") is True,
            endpoint=text(info.get("endpointType")),
            region=text(info.get("region")),
            language=text(info.get("languageId")),
            is_removed=isinstance(entry.get("removedState"), dict),
            sequence=integer(entry.get("rosterSequenceNumber")),
        )


@dataclass(frozen=True)
class Operation:
    """Something asked of a call that ends later (REFERENCE 8)."""

    id: str = ""
    kind: str = ""
    status: str = ""
    client_context: str = ""
    result: Result | None = None
    completion_reason: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Operation:
        """Read any commsOperation; `kind` is its type name, such as `playPromptOperation`."""
        operation = mapping(value)
        return cls(
            id=entity_id(operation),
            kind=odata_type(operation),
            status=word(operation.get("status"), OPERATION_STATES),
            client_context=text(operation.get("clientContext")),
            result=Result.from_graph(operation.get("resultInfo")),
            completion_reason=text(operation.get("completionReason")),
        )


@dataclass(frozen=True)
class User:
    """A directory user (REFERENCE 22.2); what was not selected is empty."""

    id: str
    display_name: str = ""
    given_name: str = ""
    surname: str = ""
    mail: str = ""
    user_principal_name: str = ""
    job_title: str = ""
    department: str = ""
    office_location: str = ""
    mobile_phone: str = ""
    business_phones: tuple[str, ...] = ()
    account_enabled: bool | None = None
    user_type: str = ""

    @classmethod
    def from_graph(cls, value: object) -> User:
        """Read a user."""
        user = mapping(value)
        phones = user.get("businessPhones")
        enabled = user.get("accountEnabled")
        return cls(
            id=normalize_id(text(user.get("id"))),
            display_name=text(user.get("displayName")),
            given_name=text(user.get("givenName")),
            surname=text(user.get("surname")),
            mail=text(user.get("mail")),
            user_principal_name=text(user.get("userPrincipalName")),
            job_title=text(user.get("jobTitle")),
            department=text(user.get("department")),
            office_location=text(user.get("officeLocation")),
            mobile_phone=text(user.get("mobilePhone")),
            business_phones=tuple(filter(None, map(text, phones if isinstance(phones, list) else ()))),
            account_enabled=enabled if isinstance(enabled, bool) else None,
            user_type=text(user.get("userType")),
        )


def _rank(kind: str) -> int:
    return IDENTITY_ORDER.index(kind) if kind in IDENTITY_ORDER else len(IDENTITY_ORDER)


def entity_id(value: Mapping[str, Any]) -> str:
    """Read the id of an entity, from `@odata.id` when `id` itself was left out."""
    own = text(value.get("id"))
    return normalize_id(own or text(value.get("@odata.id")).rstrip("/").rpartition("/")[2])


def _party(value: object) -> Identity | None:
    return Identity.from_identity_set(mapping(value).get("identity"))


def _members(value: object) -> tuple[Identity, ...]:
    return Identity.all_of_set(mapping(value).get("identity"))
