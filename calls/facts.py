"""What Graph tells about a call besides its state: who calls, what was called, media."""

from collections.abc import Iterable

from calls.ledger import Ledger
from calls.models import Call
from graph import types
from graph.values import text
from routing.lines import line_for
from routing.models import Line


def learn(ledger: Ledger, call: Call, told: types.Call, lines: Iterable[Line] | None = None) -> None:
    """Fill in what `told` tells of a call that is on record already, and put on record what its card shows new."""
    before = _shown(call)
    fill(ledger, call, told, lines)
    if _shown(call) != before:
        ledger.record(call, "call.facts", caller=call.caller_name or call.caller_phone)


def fill(ledger: Ledger, call: Call, told: types.Call, lines: Iterable[Line] | None = None) -> None:
    """Learn what `told` tells and `call` does not know yet; nothing known is overwritten but media.

    :param lines: the lines of the tenant, when a batch has read them already.
    """
    before = _known(call)
    if call.adopted and call.unconfirmed:
        call.direction = told.direction or call.direction
    call.chain_id = call.chain_id or told.chain_id[:64]
    call.chat_id = call.chat_id or text((told.chat_info or {}).get("threadId"))[:256]
    call.media_audio = told.media_audio or call.media_audio
    if told.source and not call.caller_kind and call.direction == Call.Direction.INCOMING:
        _fill_caller(call, told.source)
    if told.targets and not call.reached_kind and call.direction == Call.Direction.INCOMING:
        _fill_reached(call, told, lines)
    if _known(call) != before:
        ledger.change(call)


def _shown(call: Call) -> tuple[object, ...]:
    return (call.direction, call.caller_kind, call.line_id)


def _known(call: Call) -> tuple[object, ...]:
    return (*_shown(call), call.chain_id, call.chat_id, call.media_audio, call.reached_kind)


def _fill_caller(call: Call, source: types.Identity) -> None:
    call.caller_kind, call.caller_id = source.kind[:24], source.id[:320]
    call.caller_name = source.name[:256]
    if source.kind == "phone":
        call.caller_phone = source.id[:64]


def _fill_reached(call: Call, told: types.Call, lines: Iterable[Line] | None) -> None:
    call.reached_kind, call.reached_id = told.targets[0].kind[:24], told.targets[0].id[:320]
    if call.line is None:
        call.line = line_for(call.tenant_id, told.reached, lines)
