"""What Graph reports about calls, applied in batches: few statements, however many deliveries."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID, uuid4

from audit.trail import MICROSOFT
from calls import asking, changes, facts, reads, roster
from calls.ledger import Ledger
from calls.models import Call, Operation, Timer
from calls.roster import Rosters
from calls.rules import operations as operation_rules
from calls.rules import state
from calls.sending import TOKEN
from commsportal.among import among
from graph.notifications import Notification, parse_item
from graph.values import guid
from routing.models import Line
from webhooks.handlers import Unacceptable
from webhooks.models import Delivery

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """A delivery and what it says."""

    delivery: Delivery
    news: Notification

    @property
    def key(self) -> tuple[str, str]:
        """Return tenant and id of the call meant."""
        return self.delivery.tenant_id, self.news.call_id

    @property
    def token(self) -> str:
        """Return the token of ours that came back in the callback address, if there was one."""
        return self.news.query.get(TOKEN, "")


def handle(deliveries: Sequence[Delivery]) -> None:
    """Apply `deliveries` in their order, inside the caller's transaction.

    :raises Unacceptable: one speaks of another tenant's call; alone, it goes to the dead.
    """
    batch = Batch([read(delivery) for delivery in deliveries])
    for told in batch.told:
        batch.apply(told)
    batch.write()


def read(delivery: Delivery) -> Told:
    """Parse a stored delivery; odd content is no error, it only says nothing."""
    return Told(delivery, parse_item(delivery.item, delivery.hints))


class Batch:
    """The calls that a batch speaks of, locked by one statement, and what becomes of them."""

    def __init__(self, told: Sequence[Told]) -> None:
        self.told = told
        ids = {one.news.call_id for one in told if one.news.call_id}
        self.tokens = _tokens(told)
        meant = among("graph_id", ids)
        if self.tokens:
            meant |= among("pk", [row.call_id for row in self.tokens.values()])
        self.ledger = Ledger.lock(Call.objects.filter(meant)) if ids or self.tokens else Ledger()
        self.by_key = {(call.tenant_id, call.graph_id): call for call in self.ledger.calls.values()}
        self.tenants_of: dict[str, set[str]] = {}
        for tenant_id, graph_id in self.by_key:
            self.tenants_of.setdefault(graph_id, set()).add(tenant_id)

    @cached_property
    def lines(self) -> list[Line]:
        """Return the lines of all tenants concerned, read once."""
        return list(Line.objects.filter(tenant_id__in={one.delivery.tenant_id for one in self.told}))

    @cached_property
    def rosters(self) -> Rosters:
        """Return the participants of the calls whose rosters are told."""
        keys = [one.key for one in self.told if one.news.kind == "participants"]
        return Rosters({self.by_key[key].pk for key in keys if key in self.by_key})

    def apply(self, told: Told) -> None:
        """Apply one delivery; what says nothing about a call is ignored."""
        self._check_tenant(told)
        if not told.news.call_id:
            return
        call = self._placed(told) or self.by_key.get(told.key)
        if call is None:
            call = self._enter(told)
        elif told.news.call:
            facts.learn(self.ledger, call, told.news.call, self.lines)
        if told.news.kind == "operation":
            self._hear(call, told.news)
        if told.news.kind == "participants":
            self._apply_roster(call, told)
        if told.news.call and told.news.call.chat_info and call.is_live:
            roster.look(self.ledger, call)  # it has become one of several
        changes.report(self.ledger, call, reported(told.news), told.delivery.received_at)

    def _apply_roster(self, call: Call, told: Told) -> None:
        """Apply a roster, unless it comes late, and others may have overtaken it: then who is in is read."""
        if told.delivery.attempts > 1 and call.is_live:
            roster.look(self.ledger, call)
            return
        at, news = told.delivery.received_at, told.news
        self.rosters.apply(self.ledger, call, news.participants or [], at, is_delta=news.is_delta)

    def _check_tenant(self, told: Told) -> None:
        """:raises Unacceptable: the signature's tenant is not the tenant of the call that is spoken of."""
        named = told.news.call.tenant_id if told.news.call else ""
        owners = self.tenants_of.get(told.news.call_id, set()) | ({named} - {""})
        if owners - {told.delivery.tenant_id}:
            logger.error("delivery %s speaks of another tenant's call", told.delivery.pk)
            raise Unacceptable("The tenant that signed this is not the tenant of the call it speaks of.")

    def _placed(self, told: Told) -> Call | None:
        """Return the call of ours whose creation this answers, by the token in the callback's address."""
        row = self.tokens.get(told.token)
        call = self.ledger.calls.get(row.call_id) if row else None
        if row is None or call is None or call.tenant_id != told.delivery.tenant_id:
            return None
        if call.graph_id not in ("", told.news.call_id) or (told.key in self.by_key and not call.graph_id):
            return None
        self._settle_placed(call, row.pk, told.news.call_id)
        return call

    def _settle_placed(self, call: Call, operation_id: UUID, graph_id: str) -> None:
        if not call.graph_id:
            call.graph_id, call.unconfirmed = graph_id, False
            self.by_key[call.tenant_id, graph_id] = call
            self.ledger.change(call)
        row = next((one for one in self.ledger.pending(call) if one.pk == operation_id), None)
        if row:
            seen = operation_rules.Observed(call.state, token_seen=True)
            settlement = operation_rules.settle(asking.asked(row), seen)
            if settlement:
                asking.close(self.ledger, row, settlement)

    def _hear(self, call: Call, news: Notification) -> None:
        """Settle what Graph tells the end of: by the context that we gave it, else by Graph's own id."""
        told, rows = news.operation, self.ledger.operations[call.pk]
        if told is None:
            return
        row = next((one for one in rows if told.client_context == str(one.pk)), None)
        row = row or next((one for one in rows if one.graph_id and one.graph_id == news.operation_id), None)
        if row and row.kind in operation_rules.BESIDE:
            asking.hear(self.ledger, row, told)

    def _enter(self, told: Told) -> Call:
        """Enter a call that we hear of for the first time, by `created` or, adopting it, by anything else."""
        call = _new_call(told)
        if told.news.call:
            facts.fill(self.ledger, call, told.news.call, self.lines)
        self.ledger.add(call)
        self.by_key[told.key] = call
        self.tenants_of.setdefault(call.graph_id, set()).add(call.tenant_id)
        if call.adopted:
            self.ledger.record(call, "call.adopted", MICROSOFT, state=_word(told))
        else:
            line = call.line.name if call.line else ""
            caller = call.caller_name or call.caller_phone
            self.ledger.record(call, "call.incoming", MICROSOFT, line=line, caller=caller)
        self._watch(call)
        return call

    def _watch(self, call: Call) -> None:
        """Ask beside the ringing whether the call exists; see that somebody or something decides."""
        self.ledger.set_timer(call, Timer.Kind.CONFIRM, self.ledger.at)
        if call.state == "incoming":
            changes.let_ring(self.ledger, call)
        changes.watch(self.ledger, call, self.ledger.at, whole=call.state != "incoming")

    def write(self) -> None:
        """Write calls, then participants, which need them; the ledger's entries come last of all."""
        self.ledger.write(before_entries=self._write_rosters)

    def _write_rosters(self) -> None:
        if "rosters" in self.__dict__:
            self.rosters.write()


def _tokens(told: Sequence[Told]) -> dict[str, Operation]:
    tokens = {one.token for one in told if one.token}
    if not tokens:
        return {}
    rows = Operation.objects.filter(kind__in=operation_rules.PLACING, token__in=tokens)
    return {row.token: row for row in rows}


def _new_call(told: Told) -> Call:
    news, at = told.news, told.delivery.received_at
    word = _word(told)
    rings = word == "incoming"
    direction = (news.call.direction if news.call else "") or Call.Direction.INCOMING
    return Call(
        tenant_id=told.delivery.tenant_id,
        graph_id=news.call_id,
        scenario_id=_scenario(told),
        direction=direction,
        state=word or state.BEGUN,
        received_at=at,
        last_seen_at=at,
        adopted=not (rings and news.change_type == "created"),
        unconfirmed=True,
    )


def _scenario(told: Told) -> UUID:
    """Return the id by which Microsoft's support finds the call (REFERENCE 1); one of ours where none is told."""
    scenario = guid(told.delivery.scenario_id.strip())
    return UUID(scenario) if scenario else uuid4()


def _word(told: Told) -> str:
    """Return the state told; no end, which is applied as a report, so that it leaves the same traces as any."""
    word = reported(told.news).word
    return "" if word == state.TERMINATED else word


def reported(news: Notification) -> state.Reported:
    """Return what a notification says about the state of its call; a roster or an operation says nothing."""
    if news.kind != "call" or news.call is None:
        return state.Reported("updated")
    return state.Reported(news.change_type or "updated", news.call.state, reads.result(news.call.result))
