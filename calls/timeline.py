"""What happened to a call, in words, from the audit trail."""

from collections.abc import Callable
from typing import Any

import orjson
from django.db.models import Q, QuerySet

from audit.models import Entry
from audit.trail import MICROSOFT, SYSTEM
from calls.models import Call
from calls.rules import endings

Data = dict[str, Any]

ACTIONS = {
    "answer": "answer",
    "reject": "rejection",
    "redirect": "redirection",
    "transfer": "transfer",
    "hang-up": "hanging up",
    "create": "outgoing call",
    "invite": "invitation",
    "mute": "muting",
    "remove": "removal",
    "hold": "music on hold",
    "resume": "end of hold",
    "tones": "sending tones",
    "mute-bot": "muting the bot",
    "unmute-bot": "unmuting the bot",
    "gallery": "adding the gallery",
    "cancel-media": "cancelling what plays",
    "share-screen": "screen sharing",
    "route-audio": "letting only some hear",
    "unroute": "letting everybody hear",
    "join": "joining the meeting",
    "bridge": "bridging",
}
REPORTS = ("delivery.dead", "delivery.replayed")
STATES = {
    "incoming": "Rings",
    "establishing": "Being connected",
    "established": "Connected",
    "redirecting": "Being redirected",
    "transferring": "Being transferred",
    "transferAccepted": "Transfer accepted",
    "terminating": "Hanging up",
    "terminated": "Ended",
}


def of(call: Call) -> list[Data]:
    """Return what happened to `call`, oldest first: at, title, detail, actor, kind."""
    return [describe(entry) for entry in entries(call).order_by("seq")]


def entries(call: Call) -> QuerySet[Entry]:
    """Return what is on record about `call`, and about reports on it that could not be applied."""
    own = Q(call_id=call.pk)
    about_reports = _about_reports(call)
    return Entry.objects.filter(own | Q(seq__in=about_reports) if about_reports else own)


def _about_reports(call: Call) -> list[int]:
    """Return the entries of the inbox, which knows no calls: it names Graph's id (`call_key`) and the tenant."""
    if not call.graph_id:
        return []
    named = orjson.dumps({"call_key": call.graph_id})[1:-1].decode()
    rows = Entry.objects.filter(kind__in=REPORTS, tenant_id=call.tenant_id, text__contains=named)
    return list(rows.values_list("seq", flat=True))


def describe(entry: Entry) -> Data:
    """Return one entry in words."""
    data = entry.data
    title, detail = WORDS.get(entry.kind, _unknown(entry.kind))(data)
    actor = ACTORS.get(entry.actor, entry.actor)
    return {"at": entry.at, "title": title, "detail": detail, "actor": actor, "kind": entry.kind.split(".")[0]}


ACTORS = {SYSTEM: "Portal", MICROSOFT: "Microsoft"}


def _unknown(kind: str) -> Callable[[Data], tuple[str, str]]:
    return lambda data: (kind.replace(".", " ").replace("_", " ").capitalize(), "")


def _incoming(data: Data) -> tuple[str, str]:
    line = f" on {data['line']}" if data.get("line") else ""
    return f"Call from {data.get('caller') or 'an unknown caller'}", f"Arrived{line}."


def _placed(data: Data) -> tuple[str, str]:
    verb = "joins" if data.get("meeting") else "calls"
    return f"The bot {verb} {data.get('to') or 'somebody'}", f"In the name of {data.get('line')}."


def _state(data: Data) -> tuple[str, str]:
    told = str(data.get("to", ""))
    return STATES.get(told, told), _result(data)


def _ended(data: Data) -> tuple[str, str]:
    how = "The end was not reported; this is the last sign of life." if data.get("by") == "inferred" else ""
    result = _result(data)
    said = f"{result}." if result else ""
    return "Call ended", " ".join(filter(None, (said, endings.remedy(data.get("subcode")), how)))


def _result(data: Data) -> str:
    if data.get("code") is None:
        return ""
    return f"{data.get('message') or 'Result'} ({data['code']}/{data.get('subcode')})"


def _operation(what: str) -> Callable[[Data], tuple[str, str]]:
    def words(data: Data) -> tuple[str, str]:
        action = ACTIONS.get(str(data.get("kind")), "request")
        to = f" to {data['to']}" if data.get("to") else f" for {data['whom']}" if data.get("whom") else ""
        detail = ". ".join(filter(None, (data.get("title", ""), data.get("detail", ""))))
        return f"{action.capitalize()}{to} {what}", detail

    return words


def _claim(title: str) -> Callable[[Data], tuple[str, str]]:
    return lambda data: (title, f"Claim {data.get('fence')}.")


def _fixed(title: str, detail: str = "") -> Callable[[Data], tuple[str, str]]:
    return lambda data: (title, data.get("detail", detail))


def _participants(data: Data) -> tuple[str, str]:
    parts = (f"{title}: {', '.join(data[name])}." for name, title in ROSTER_NEWS.items() if data.get(name))
    return "Participants changed", " ".join(parts)


ROSTER_NEWS = {
    "joined": "Joined",
    "left": "Left",
    "muted": "Muted",
    "unmuted": "No longer muted",
    "to_lobby": "Waiting in the lobby",
    "admitted": "Let in",
    "named": "Known by name now",
}


def _report(title: str, remedy: str = "") -> Callable[[Data], tuple[str, str]]:
    return lambda data: (title, f"Delivery {data.get('delivery')}.{remedy}")


def _ignored(data: Data) -> tuple[str, str]:
    return (
        f"Late or repeated news: {data.get('told')}",
        f"The call is {data.get('state')} already; nothing changed.",
    )


WORDS: dict[str, Callable[[Data], tuple[str, str]]] = {
    "call.incoming": _incoming,
    "call.adopted": _fixed("Call found", "Its beginning was not reported to this portal."),
    "call.facts": lambda data: ("More is known of the call", f"Caller: {data.get('caller') or 'unknown'}."),
    "call.confirmed": _fixed("Confirmed by Microsoft"),
    "call.state": _state,
    "call.ended": _ended,
    "call.reopened": _fixed("Call is alive after all", "An end was reported, but Microsoft still has the call."),
    "call.ignored": _ignored,
    "call.silent": _fixed(
        "Nothing is heard of this ring",
        "Microsoft has ended it by now, and cannot be asked. It no longer rings here.",
    ),
    "call.heard": _fixed("Microsoft speaks of it again"),
    "call.placed": _placed,
    "claim.taken": lambda data: (f"Claimed by {data.get('name', 'somebody')}", f"Claim {data.get('fence')}."),
    "claim.released": _claim("Claim released"),
    "claim.lost": _claim("Claim ran out"),
    "operation.requested": _operation("requested"),
    "operation.accepted": _operation("accepted by Microsoft"),
    "operation.done": _operation("done"),
    "operation.failed": _operation("failed"),
    "operation.unknown": _operation("not known to have worked"),
    "participants.changed": _participants,
    "timer.fallback": _fixed("Nobody decided in time", "The line's fallback decides."),
    "timer.watchdog": _fixed("Stuck"),
    "bridge.opened": _fixed("Led into a meeting", "The bot opens one for this caller; the talk goes on there."),
    "park.begun": lambda data: (
        f"Parked in slot {data.get('slot')}",
        "The caller waits for whoever takes them back.",
    ),
    "park.recalled": lambda data: ("Recall", f"The caller has waited long in slot {data.get('slot')}."),
    "park.ended": lambda data: (f"Taken back from slot {data.get('slot')}", ""),
    "timer.alone": _fixed("Only the bot is left", "It leaves the call."),
    "delivery.dead": _report(
        "A report of Microsoft's could not be applied",
        " Whoever administers the portal can look at it and replay it.",
    ),
    "delivery.replayed": _report("The report is applied anew"),
}
