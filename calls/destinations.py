"""Where calls are sent: from what somebody asks for to what an operation keeps."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from calls.errors import BadTarget
from calls.models import Call
from calls.rules import targets, telephones
from calls.rules.targets import Wanted
from directory.models import Person, User
from routing.models import Line


def find(wanted: Sequence[Wanted], call: Call, user: User | None) -> dict[str, Any]:
    """Return `targets` for Graph, `to` for people, and whether that is `user` alone (`to_self`).

    :raises BadTarget: Graph would not take it, or it would bring the call straight back.
    """
    found, problem = targets.resolve(wanted, _place(call, user))
    if problem:
        raise BadTarget(problem)
    kept = _named(found, call.tenant_id, user)
    to_self = user is not None and [one.id for one in found] == [user.oid] and found[0].kind == "user"
    return {"targets": kept, "to": in_words(kept), "to_self": to_self}


def invited(wanted: Sequence[Wanted], call: Call, user: User) -> list[dict[str, Any]]:
    """Return `targets` for Graph and `to` for people of each of those who are to join a call.

    :raises BadTarget: a voicemail, or what `find` refuses.
    """
    if problem := targets.wrong_guests(wanted):
        raise BadTarget(problem)
    guests = find(wanted, call, user)["targets"]
    return [{"targets": [guest], "to": in_words([guest])} for guest in guests]


def fallback(line: Line) -> list[Wanted]:
    """Return where the line sends calls that nobody decides; empty: it rejects them."""
    if line.fallback == Line.Fallback.VOICEMAIL:
        return [Wanted("voicemail", line.fallback_target)]
    if line.fallback == Line.Fallback.REDIRECT:
        return [Wanted(line.fallback_kind, line.fallback_target)]
    return []


def _place(call: Call, user: User | None) -> targets.Place:
    linked = user is not None and user.tenant_id == call.tenant_id
    return targets.Place(user.oid if user and linked else "", _way(call), _ourselves(call))


def _way(call: Call) -> telephones.Way:
    return telephones.way(
        is_outgoing=call.direction == Call.Direction.OUTGOING,
        reached_kind=call.reached_kind,
        line_has_number=bool(call.line and call.line.phone),
        line_has_identity=bool(call.line and call.line.instance_id),
    )


def _ourselves(call: Call) -> frozenset[str]:
    line = {call.line.instance_id.lower(), call.line.phone} if call.line else set()
    return frozenset((line | {call.reached_id, settings.GRAPH_CLIENT_ID.lower()}) - {""})


def _named(found: Sequence[Wanted], tenant_id: str, user: User | None) -> list[dict[str, str]]:
    ids = [one.id for one in found if one.kind in ("user", "voicemail")]
    names = dict(Person.objects.filter(tenant_id=tenant_id, oid__in=ids).values_list("oid", "name"))
    if user:
        names.setdefault(user.oid, user.get_full_name())
    return [{"kind": one.kind, "id": one.id, "name": names.get(one.id, "")} for one in found]


def in_words(kept: Sequence[dict[str, str]]) -> str:
    """Return targets for people: the first, and how many more."""
    first = (kept[0]["name"] or kept[0]["id"])[:200]
    if kept[0]["kind"] == "voicemail":
        first = f"voicemail of {first}"
    return first if len(kept) == 1 else f"{first} and {len(kept) - 1} more"
