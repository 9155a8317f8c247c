"""Graph's entities as frozen values, read tolerantly (REFERENCE 1, 14.2, 19).

What Graph sends may be partial, wrongly cased or wrongly typed: a reader here never raises, it leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from graph.values import entity_id, guid, integer, mapping, normalize_id, objects, odata_type, text, word

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
RECORDING_STATES = ("notRecording", "recording", "failed")
SCREEN = "applicationsharing-video"
# Whom to name when a set holds several: the person before the machine.
IDENTITY_ORDER = ("user", "phone", "guest", "applicationInstance", "application", "encrypted")


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
    """Whom to call, invite, redirect or transfer to.

    `replaces_call_id` is another established call of ours with this very party, which ends once they are in.
    """

    kind: TargetKind
    id: str
    name: str = ""
    replaces_call_id: str = ""

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
        if self.replaces_call_id:
            info["replacesCallId"] = self.replaces_call_id
        return info


@dataclass(frozen=True)
class Transferee:
    """Whom of a group call to transfer: the participant, and by which identity the roster names it."""

    participant_id: str
    identity: Identity

    def to_graph(self) -> dict[str, Any]:
        """Write a participantInfo."""
        member = {"@odata.type": "#microsoft.graph.identity", "id": self.identity.id}
        return {
            "@odata.type": "#microsoft.graph.participantInfo",
            "participantId": self.participant_id,
            "identity": {"@odata.type": "#microsoft.graph.identitySet", self.identity.kind: member},
        }


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
    """One entry of a roster; `id` may be empty, the service has sent null.

    `is_muted` is by themselves or by the server, `is_server_muted` by the server alone.
    """

    id: str = ""
    identity: Identity | None = None
    is_muted: bool = False
    is_server_muted: bool = False
    is_in_lobby: bool = False
    is_sharing_screen: bool = False
    recording: str = ""
    endpoint: str = ""
    region: str = ""
    language: str = ""
    is_removed: bool = False
    sequence: int | None = None

    @classmethod
    def from_graph(cls, value: object) -> Participant:
        """Read a participant of a roster or of a delta of one."""
        entry = mapping(value)
        info, streams = mapping(entry.get("info")), objects(entry.get("mediaStreams"))
        return cls(
            id=entity_id(entry),
            identity=_party(info),
            is_muted=entry.get("isMuted") is True,
            is_server_muted=any(stream.get("serverMuted") is True for stream in streams),
            is_in_lobby=entry.get("isInLobby") is True,
            is_sharing_screen=any(map(_sends_screen, streams)),
            recording=word(mapping(entry.get("recordingInfo")).get("recordingStatus"), RECORDING_STATES),
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
    request_id: str = field(default="", compare=False)  # of the request that was answered with it

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
    preferred_language: str = ""

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
            preferred_language=text(user.get("preferredLanguage")),
        )


def _rank(kind: str) -> int:
    return IDENTITY_ORDER.index(kind) if kind in IDENTITY_ORDER else len(IDENTITY_ORDER)


def _party(value: object) -> Identity | None:
    return Identity.from_identity_set(mapping(value).get("identity"))


def _sends_screen(stream: dict[str, Any]) -> bool:
    is_screen = text(stream.get("label")) == SCREEN or text(stream.get("mediaType")) == "videoBasedScreenSharing"
    return is_screen and word(stream.get("direction"), ("sendOnly", "sendReceive")) != ""


def _members(value: object) -> tuple[Identity, ...]:
    return Identity.all_of_set(mapping(value).get("identity"))
