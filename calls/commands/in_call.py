"""What is asked of a call while it goes on: about those who are in it, and about what is heard and seen."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from calls import cards, roster
from calls.commands.acting import about, acting, decide, find_member, may_be_of_several, members_of
from calls.errors import BadTarget, NotNow
from calls.ledger import Ledger
from calls.models import Operation
from calls.rules import hearing, party
from calls.rules.state import Refusal
from directory.models import User
from graph.media import ScreenSharingRole

Kind, Status = Operation.Kind, Operation.Status
HOSTED: Final = {Kind.ANSWER, Kind.CREATE, Kind.JOIN}  # what begins a call with media hosted by Microsoft


def mute(call_id: UUID, user: User, *, participant: str, fence: int | None = None) -> Operation:
    """Mute somebody in a call of several, who can unmute again; nobody else can.

    :param participant: Graph's id of them.
    :raises BadTarget: nobody of that id is in the call.
    """
    return _with_member("mute", call_id, user, participant, fence)


def remove(call_id: UUID, user: User, *, participant: str, fence: int | None = None) -> Operation:
    """Take somebody out of a call of several.

    :param participant: Graph's id of them.
    :raises BadTarget: nobody of that id is in the call.
    """
    return _with_member("remove", call_id, user, participant, fence)


def hold(call_id: UUID, user: User, *, participant: str = "", fence: int | None = None) -> Operation:
    """Have somebody in a call of several hear music, and nobody hear them.

    :param participant: Graph's id of them; the caller if empty.
    :raises BadTarget: nobody of that id is in the call.
    """
    return _with_member("hold", call_id, user, participant, fence)


def resume(call_id: UUID, user: User, *, participant: str = "", fence: int | None = None) -> Operation:
    """Bring somebody back from hold.

    :param participant: Graph's id of them; the caller if empty.
    :raises BadTarget: nobody of that id is in the call.
    """
    return _with_member("resume", call_id, user, participant, fence)


def mute_all(call_id: UUID, user: User, *, fence: int | None = None) -> list[Operation]:
    """Mute everybody in a call of several who is not muted, each by an operation (muteAll is deprecated).

    :raises NotNow: nobody is left to mute.
    """
    with acting("mute-all", call_id, user, fence) as ledger:
        members, wishes = members_of(ledger), roster.wishes(ledger.operations[call_id])
        heard = [one for one in members if not one.is_muted and one.id]
        found = [one for one in heard if party.refusal("mute", one, members, wishes) is None]
        if not found:
            raise NotNow(party.ALL_MUTED, claim=cards.claim(ledger.call, ledger.at))
        return [decide(ledger, Kind.MUTE, user, about(one)) for one in found]


def tones(call_id: UUID, user: User, *, keys: str, fence: int | None = None) -> Operation:
    """Press keys for the other side, such as an extension; they are forgotten once they have left.

    :param keys: 0 to 9, * and #, A to D.
    """
    with acting("tones", call_id, user, fence) as ledger:
        return _about_all(ledger, Kind.TONES, user, {"keys": keys})


def mute_bot(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Have nothing of the bot be heard in a call of several."""
    return _of_several("mute-bot", call_id, user, fence)


def unmute_bot(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Have the bot be heard again."""
    return _of_several("unmute-bot", call_id, user, fence)


def gallery(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Add the gallery of all videos to a call of several."""
    return _of_several("gallery", call_id, user, fence)


def cancel_media(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Cancel what plays or is recorded, and what waits for that."""
    with acting("cancel-media", call_id, user, fence) as ledger:
        return _about_all(ledger, Kind.CANCEL_MEDIA, user)


def share_screen(call_id: UUID, user: User, *, role: ScreenSharingRole, fence: int | None = None) -> Operation:
    """Have the bot share its screen in a call of several, or watch another's.

    :raises NotNow: Microsoft hosts the media of the call, as it does of all that this portal answers or places.
    """
    with acting("share-screen", call_id, user, fence) as ledger:
        _require_several(ledger)
        if any(row.kind in HOSTED and row.sending_at for row in ledger.operations[call_id]):
            raise NotNow(party.HOSTED_MEDIA, claim=cards.claim(ledger.call, ledger.at))
        return _about_all(ledger, Kind.SHARE_SCREEN, user, {"role": role})


def route_audio(
    call_id: UUID, user: User, *, participant: str, receivers: Sequence[str], fence: int | None = None
) -> Operation:
    """Have only `receivers` hear somebody in a call of several.

    :param participant: Graph's id of whom they hear.
    :param receivers: Graph's ids of who does.
    :raises BadTarget: somebody of these is not in the call.
    :raises NotNow: only some hear them already.
    """
    with acting("route-audio", call_id, user, fence) as ledger:
        members = members_of(ledger)
        source, heard_by = _present(members, participant), [_present(members, one) for one in receivers]
        _raise(ledger, hearing.refuse(source, heard_by, roster.routes(ledger.operations[call_id])))
        told = {"receivers": [one.id for one in heard_by], "heard_by": [one.name for one in heard_by]}
        return decide(ledger, Kind.ROUTE_AUDIO, user, about(source) | told)


def unroute(call_id: UUID, user: User, *, participant: str, fence: int | None = None) -> Operation:
    """Have everybody hear somebody again whom only some heard.

    :param participant: Graph's id of them, who may have left.
    :raises NotNow: everybody hears them.
    """
    with acting("unroute", call_id, user, fence) as ledger:
        routes = roster.routes(ledger.operations[call_id])
        _raise(ledger, hearing.refuse_lifting(participant, routes))
        whom = next(one for one in routes if one.source == participant)
        return decide(ledger, Kind.UNROUTE, user, {"participant": participant, "whom": whom.name})


def _present(members: Sequence[party.Member], wanted: str) -> party.Member:
    found = party.find(members, wanted) if wanted else None
    if found is None:
        raise BadTarget("They are not in this call any more. Look who is.")
    return found


def _raise(ledger: Ledger, refusal: Refusal | None) -> None:
    if refusal:
        raise NotNow(refusal, claim=cards.claim(ledger.call, ledger.at))


def _require_several(ledger: Ledger) -> None:
    if not may_be_of_several(ledger.call, ledger.operations[ledger.call.pk]):
        raise NotNow(party.OF_TWO, claim=cards.claim(ledger.call, ledger.at))


def _of_several(
    action: Literal["mute-bot", "unmute-bot", "gallery"], call_id: UUID, user: User, fence: int | None
) -> Operation:
    with acting(action, call_id, user, fence) as ledger:
        _require_several(ledger)
        return _about_all(ledger, Kind(action), user)


def _about_all(
    ledger: Ledger, kind: Operation.Kind, user: User, parameters: dict[str, object] | None = None
) -> Operation:
    if any(row.kind == kind for row in ledger.pending(ledger.call)):
        raise NotNow(party.asked_already(kind), claim=cards.claim(ledger.call, ledger.at))
    return decide(ledger, kind, user, parameters)


def _with_member(
    action: Literal["mute", "remove", "hold", "resume"],
    call_id: UUID,
    user: User,
    participant: str,
    fence: int | None,
) -> Operation:
    with acting(action, call_id, user, fence) as ledger:
        member = find_member(ledger, action, participant)
        return decide(ledger, Kind(action), user, about(member))
