"""What Graph refuses before it does anything: limits, permissions, states, identities."""

import re

from simulator.engine.conference import Conference
from simulator.engine.model import IN_CALL, Call, GraphFault, Json, Kind, Party
from simulator.faults import Faults
from simulator.reading import LOOPBACK, web_address

CALL_ROLES = frozenset(
    {
        "Calls.Initiate.All",
        "Calls.InitiateGroupCall.All",
        "Calls.JoinGroupCall.All",
        "Calls.JoinGroupCallAsGuest.All",
        "Calls.AccessMedia.All",
    }
)
JOIN_ROLES = ("Calls.JoinGroupCall.All", "Calls.JoinGroupCallAsGuest.All")
MAX_REDIRECT_TARGETS = 25
MAX_VOIP = 5
MAX_INVITED = 5
REDIRECT_TIMEOUT = (15, 90)
MAX_CONTEXT = 256
IDENTITIES: tuple[Kind, ...] = ("user", "phone", "applicationInstance", "application")
E164 = re.compile(r"\+[1-9]\d{5,14}")


def bad_request(message: str) -> GraphFault:
    """Make the 400 of a malformed request."""
    return GraphFault(400, "BadRequest", message)


def call_not_found() -> GraphFault:
    """Make the 404 of a call that is over or never was."""
    return GraphFault(404, "8522", "Call not found.")


def require_role(roles: frozenset[str], *wanted: str) -> None:
    """Refuse a token that has none of these roles."""
    if not roles.intersection(wanted):
        raise GraphFault(403, "7504", "Insufficient enterprise tenant permissions, cannot access this API.")


def require_state(call: Call, action: str, states: tuple[str, ...], faults: Faults) -> None:
    """Refuse an action in the wrong state; the status is a choice (REFERENCE 13 and 20.1)."""
    if call.is_over:
        raise call_not_found()
    if call.state in states:
        return
    status = faults.settings.wrong_state_status
    code = "8585" if faults.settings.inferred_subcodes else "Conflict" if status == 409 else "BadRequest"
    raise GraphFault(status, code, f"The call is {call.state}; {action} is not possible in this state.")


def require_in_call(call: Call, action: str, faults: Faults) -> None:
    """Refuse an action on a call that is not being set up, up, or being transferred."""
    require_state(call, action, IN_CALL, faults)


def require_group(call: Call, action: str, faults: Faults) -> Conference:
    """Return the conference of a call; refuse what a call between two does not have."""
    require_state(call, action, ("established",), faults)
    if call.conference is None:
        code = "8548" if faults.settings.inferred_subcodes else "BadRequest"
        raise GraphFault(400, code, f"{action} works in group calls only.")
    return call.conference


def require_hosting(call: Call, kind: str, action: str, faults: Faults) -> None:
    """Refuse what the way of hosting the media does not allow (REFERENCE 18.3)."""
    if (call.media_config or {}).get("@odata.type") != f"#microsoft.graph.{kind}":
        code = "8500" if faults.settings.inferred_subcodes else "BadRequest"
        raise GraphFault(400, code, f"{action} needs a call with {kind}.")


def conflict(message: str, faults: Faults) -> GraphFault:
    """Make the 409 of two things that exclude each other."""
    return GraphFault(409, "8519" if faults.settings.inferred_subcodes else "Conflict", message)


def check_context(body: Json) -> str | None:
    """Return the client's own mark, which is echoed."""
    context: str | None = body.get("clientContext")
    if len(context or "") > MAX_CONTEXT:
        raise bad_request(f"clientContext must not be longer than {MAX_CONTEXT} characters.")
    return context


def check_callback(uri: object, *, http_loopback: bool) -> str:
    """Return the callback address: https, or http to this machine where a switch allows it."""
    scheme, host = web_address(uri)
    plain = http_loopback and scheme == "http" and host in LOOPBACK
    if not isinstance(uri, str) or not (scheme == "https" or plain):
        raise bad_request("callbackUri must be an absolute https URL.")
    return uri


def check_media(config: object, roles: frozenset[str]) -> None:
    """Refuse a media configuration of an unknown kind, or one that the token may not use."""
    kind = config.get("@odata.type") if isinstance(config, dict) else None
    if kind == "#microsoft.graph.appHostedMediaConfig":
        require_role(roles, "Calls.AccessMedia.All")
    elif kind != "#microsoft.graph.serviceHostedMediaConfig":
        raise bad_request("mediaConfig needs the @odata.type of a media configuration.")


def check_modalities(name: str, modalities: list[str] | None, config: Json) -> None:
    """Refuse a call without audio, and more than audio where the service hosts the media (REFERENCE 18.3)."""
    wanted = set(modalities or [])
    if "audio" not in wanted:
        raise bad_request(f"{name} must hold audio.")
    if config["@odata.type"] == "#microsoft.graph.serviceHostedMediaConfig" and wanted != {"audio"}:
        raise bad_request(f"{name} must hold audio alone: the service hosts no other media.")


def check_timeout(timeout: int | None, targets: int) -> int:
    """Return the seconds that a redirected call rings."""
    if timeout is None:
        return 55 if targets == 1 else 60
    low, high = REDIRECT_TIMEOUT
    if not low <= timeout <= high:
        raise bad_request(f"timeout must be from {low} to {high} seconds.")
    return timeout


def check_targets(targets: list[Json]) -> list[Party]:
    """Return the parties that a redirect shall ring."""
    if not 1 <= len(targets) <= MAX_REDIRECT_TARGETS:
        raise bad_request(f"targets must hold 1 to {MAX_REDIRECT_TARGETS} participants.")
    return [party_of(target) for target in targets]


def party_of(target: Json) -> Party:
    """Return the one party that an invitationParticipantInfo names."""
    identity = target.get("identity") or {}
    named = [kind for kind in IDENTITIES if (identity.get(kind) or {}).get("id")]
    if len(named) != 1:
        raise bad_request(
            "A target needs one identity with an id: user, phone, application or applicationInstance."
        )
    kind = named[0]
    person = identity[kind]
    if kind == "phone" and not E164.fullmatch(person["id"]):
        raise bad_request("A telephone number is written as in E.164, such as +14255550100.")
    if kind == "user" and target.get("endpointType") == "voicemail":
        return Party("voicemail", person["id"], person.get("displayName") or "")
    return Party(kind, person["id"], person.get("displayName") or "")
