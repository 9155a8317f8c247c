"""Whatever people on both sides do, in whatever order news and answers come: in the end both sides agree.

A machine rings, decides, bridges, invites, holds, mutes, leaves and hangs up at random, on the portal and on the
simulator's engine, while notifications are doubled, swapped and lost and answers fail. After each run the faults
stop, time passes, and every call, roster and operation must be the same on both sides, with nothing left to do,
and the store of a console that heard message by message knows what a fresh snapshot tells.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Min
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from audit import trail
from calls import commands
from calls.errors import BadTarget, CallNotFound, NotNow
from calls.models import Call, Operation, Participant, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from graph import conf
from routing.models import Line
from simulator.engine import Party, escalation, legs
from simulator.engine import roster_actions as people
from tests.calls.browser import Browser
from tests.calls.in_process import WEBHOOK, Clock, OtherSide
from tests.calls.locking import watched_order
from webhooks.models import Delivery

RUNS = int(os.environ.get("BOTH_SIDES", "20"))  # the same each time, unless somebody says how many
NUMBERS = st.integers(0, 50)
WHO = st.integers(0, 1)
FAULTS = {"duplicate": 0.3, "reorder": 0.3, "drop": 0.15, "error": 0.2, "throttle": 0.1}
REFUSED = (NotNow, BadTarget, CallNotFound, PermissionDenied)
LONGEST = timedelta(hours=2)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTEXT = ("invite", "mute", "hold", "resume")


class Failures(logging.Handler):
    """What work failed for a reason that nobody thought of."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a worker could not do."""
        if record.exc_info:
            self.lines.append(self.format(record))


@contextmanager
def one_run() -> Iterator[None]:
    """Keep what a run writes to itself."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Machine(RuleBasedStateMachine):
    """People of both sides at work."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(START)
        self.other = OtherSide(self.clock)
        self.failures = Failures()
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(timezone, "now", self.clock)
        self.patches.setattr(conf, "client", self.other.client)
        tenant = self.other.tenant
        self.overridden = override_settings(
            GRAPH_TENANT_IDS=[tenant.id],
            GRAPH_CLIENT_ID=tenant.client_id,
            CALLBACK_URL=WEBHOOK,
        )
        self.overridden.enable()
        logging.getLogger().addHandler(self.failures)
        self.around = ExitStack()
        self.around.enter_context(one_run())
        self.wrong_order = self.around.enter_context(watched_order())
        everybody = sorted(tenant.people.values(), key=lambda one: one.upn)
        self.people = {one.upn.partition("@")[0]: one for one in everybody}
        self.others = [one for one in everybody if one.upn.partition("@")[0] not in ("rita", "omar")]
        self.users = [self._user("rita"), self._user("omar")]
        for name, mode in (("main", "bridge"), ("sales", "direct")):
            _, line = self.other.engine.directory.line(name) or pytest.fail(name)
            made = Line.objects.create(
                tenant_id=tenant.id,
                name=name,
                phone=line.phone,
                instance_id=line.instance_id,
                mode=mode,
                organizers=self.people["max"].id,
            )
            made.staff.set(self.users)
        self.browser = Browser()

    def _user(self, name: str) -> User:
        one = self.people[name]
        known = {"name": one.name, "roles": ["receptionist"], "tenant_id": self.other.tenant.id, "oid": one.id}
        return User.objects.create_user(name, **known)

    # Microsoft's side

    @initialize(calls=st.lists(st.tuples(st.sampled_from(["main", "main", "sales"]), st.booleans()), max_size=3))
    def begin(self, calls: list[tuple[str, bool]]) -> None:
        """Begin the day with some calls that are answered already."""
        for line, by_phone in calls:
            self.serve(len(self.other.engine.calls), line, by_phone)

    @rule(number=NUMBERS, line=st.sampled_from(["main", "main", "sales"]), by_phone=st.booleans())
    def serve(self, number: int, line: str, by_phone: bool) -> None:
        """Have somebody call and be answered."""
        self.ring(number, line, by_phone, True)
        self.decide(number, number % 2, "answer")
        self.live_on(1)

    @rule(number=NUMBERS, line=st.sampled_from(["main", "sales"]), by_phone=st.booleans(), heard=st.booleans())
    def ring(self, number: int, line: str, by_phone: bool, heard: bool) -> None:
        """Have somebody call a line."""
        one = self.others[number % len(self.others)]
        caller = (
            Party("phone", f"+1425555{number:04}")
            if by_phone
            else Party("user", one.id, one.name, self.other.tenant.id)
        )
        found = self.other.engine.directory.line(line)
        assert found
        call = self.other.engine.ring(caller, *found)
        if heard and call.id in self.other.lanes:
            self.other.tell(call.id)
            self.work()

    @rule(number=NUMBERS)
    def caller_leaves(self, number: int) -> None:
        """Have a caller hang up."""
        if live := self.other.engine.live():
            legs.hang_up(self.other.engine, live[number % len(live)])

    @rule(number=NUMBERS, whom=NUMBERS, what=st.sampled_from(["leave", "mute", "unmute"]))
    def somebody_in_a_group(self, number: int, whom: int, what: str) -> None:
        """Have somebody in a call of several leave it, or mute or unmute themselves."""
        groups = [group for group in self.other.engine.conferences.values() if group.people]
        if not groups:
            return
        group = groups[number % len(groups)]
        one = group.people[whom % len(group.people)]
        if what == "leave":
            people.person_leaves(self.other.engine, group, one)
        else:
            people.person_changes(self.other.engine, group, one, {"muted": what == "mute"})

    @rule(number=NUMBERS, whom=NUMBERS)
    def somebody_escalates(self, number: int, whom: int) -> None:
        """Have the other end of a call of two add somebody."""
        if live := self.other.engine.live():
            one = self.others[whom % len(self.others)]
            party = Party("user", one.id, one.name, self.other.tenant.id)
            escalation.by_other_side(self.other.engine, live[number % len(live)], party)

    @rule(
        name=st.sampled_from(["rita", "omar", "max", "una"]),
        behaviour=st.sampled_from(["answer", "decline", "busy", "ignore"]),
    )
    def behave(self, name: str, behaviour: Any) -> None:
        """Have somebody react otherwise from now on."""
        self.people[name].behaviour = behaviour

    @rule(faults=st.sets(st.sampled_from(sorted(FAULTS)), max_size=2), lose=st.integers(0, 2))
    def trouble(self, faults: set[str], lose: int) -> None:
        """Have some things go wrong from now on, and others no more."""
        self.other.faults.merge({name: FAULTS[name] if name in faults else 0 for name in FAULTS})
        self.other.lose = lose

    # The portal's side

    @rule(number=NUMBERS, who=WHO, kind=st.sampled_from(["answer", "answer", "answer", "redirect", "reject"]))
    def decide(self, number: int, who: int, kind: str) -> None:
        """Have somebody at a console decide what becomes of a ring."""
        ringing = Call.objects.filter(state="incoming")
        self._ask(ringing, number, lambda call: getattr(commands, kind)(call.pk, self.users[who]))

    @rule(
        number=NUMBERS,
        who=WHO,
        kind=st.sampled_from(["bridge", "bridge", "hang_up", "claim", "release", "park", "unpark"]),
    )
    def go_on(self, number: int, who: int, kind: str) -> None:
        """Have somebody go on with a call in whatever state."""
        self._ask(Call.objects.live(), number, lambda call: getattr(commands, kind)(call.pk, self.users[who]))

    @rule(number=NUMBERS, who=WHO, whom=NUMBERS, kind=st.sampled_from(["transfer", "invite", "invite", "consult"]))
    def send(self, number: int, who: int, whom: int, kind: str) -> None:
        """Have somebody transfer a call, or invite a colleague into it, to talk first or not."""
        wanted = Wanted("user", self.others[whom % len(self.others)].id)
        established = Call.objects.filter(state="established")
        act = getattr(commands, kind)
        asked = [wanted] if kind == "invite" else wanted
        self._ask(established, number, lambda call: act(call.pk, self.users[who], wanted=asked))

    @rule(number=NUMBERS, whom=NUMBERS, kind=st.sampled_from(["hold", "resume", "mute", "remove"]))
    def member(self, number: int, whom: int, kind: str) -> None:
        """Have something asked about somebody in a call of several."""
        rows = list(Participant.objects.filter(left_at=None, call__in=Call.objects.live()).order_by("graph_id"))
        if rows:
            one = rows[whom % len(rows)]
            act = getattr(commands, kind)
            self._try(lambda: act(one.call_id, self.users[number % 2], participant=one.graph_id))

    def _ask(self, calls: Any, number: int, act: Callable[[Call], object]) -> None:
        live = list(calls.order_by("received_at", "graph_id"))
        if live:
            self._try(lambda: act(live[number % len(live)]))

    def _try(self, act: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                act()
        except REFUSED:
            return

    # What comes between

    @rule()
    def watch(self) -> None:
        """Have a console hear of what has happened so far."""
        self.browser.follow()

    @rule(number=NUMBERS)
    def watch_again(self, number: int) -> None:
        """Have a console come back after an absence."""
        self.browser.come_back(number)

    @rule(lane=NUMBERS, count=st.integers(1, 4))
    def notify(self, lane: int, count: int) -> None:
        """Bring some news of one call."""
        for _ in range(count):
            lanes = sorted(self.other.lanes)
            if lanes:
                self.other.tell(lanes[lane % len(lanes)])

    @rule()
    def notify_all(self) -> None:
        """Bring all news."""
        while self.other.lanes:
            self.other.tell(min(self.other.lanes))

    @rule()
    def work(self) -> None:
        """Have a worker do what is due."""
        worker.run_pending()
        assert self.failures.lines == []

    @rule(seconds=st.sampled_from([0.3, 1, 2, 5, 13]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.other.pass_time(self.clock() + timedelta(seconds=seconds))

    @rule(seconds=st.integers(1, 8))
    def live_on(self, seconds: int) -> None:
        """Let news and work go their way for a while, as they do on most days."""
        for _ in range(2 * seconds):
            self.other.pass_time(self.clock() + timedelta(seconds=0.5))
            self.notify_all()
            self.work()

    # The end

    def teardown(self) -> None:
        """Show that both sides agree, and clear up."""
        try:
            self._settle()
        finally:
            logging.getLogger().removeHandler(self.failures)
            self.around.close()
            self.overridden.disable()
            self.patches.undo()

    def _settle(self) -> None:
        self.trouble(set(), 0)
        until = self.clock() + LONGEST
        while True:
            self.notify_all()
            self.work()
            if not self.other.lanes and (not (found := self.disagreements()) or self.clock() > until):
                break
            self.other.pass_time(max(self._next(), self.clock() + timedelta(milliseconds=100)))
        assert found == [] and self.wrong_order == []
        assert violations() == []
        assert trail.verify() is None
        assert self.browser.difference() == ""

    def _next(self) -> datetime:
        """Return when something is to be done next on either side."""
        rows = (Operation, Timer, Delivery)
        due = [model._default_manager.aggregate(at=Min("due_at"))["at"] for model in rows]
        return min(filter(None, [*due, self.other.engine.timers.next_due()]), default=self.clock() + LONGEST)

    def disagreements(self) -> list[str]:
        """Return in what the sides differ."""
        return [*self._open(), *self._calls(), *self._operations()]

    def _open(self) -> Iterator[str]:
        for row in Operation.objects.filter(status="pending"):
            yield f"{row.kind} of {row.call_id} is pending"
        for delivery in Delivery.objects.exclude(status="applied"):
            yield f"delivery {delivery.pk} is {delivery.status}"

    def _calls(self) -> Iterator[str]:
        for call in Call.objects.exclude(graph_id=""):
            theirs = self.other.engine.find(call.graph_id)
            state = theirs.state if theirs else "forgotten"
            if call.state != state and state != "forgotten":
                yield f"{call.graph_id} is {call.state} here and {state} there"
            if theirs and call.is_live and theirs.conference:
                here = dict(call.participants.filter(left_at=None).values_list("graph_id", "is_muted"))
                there = self.other.roster(theirs)
                if here != there:
                    yield f"{call.graph_id} has {here} here and {there} there"
        for call in Call.objects.live().filter(graph_id=""):
            yield f"{call.pk} is {call.state} and has no name"

    def _operations(self) -> Iterator[str]:
        theirs = {
            operation.context: operation
            for call in self.other.engine.calls.values()
            for operation in call.operations.values()
            if operation.context
        }
        for row in Operation.objects.filter(kind__in=CONTEXT, status__in=("done", "failed")):
            found = theirs.get(str(row.pk))
            status = {"completed": "done"}.get(found.status, found.status) if found else "failed"
            if status != row.status:
                yield f"{row.kind} {row.pk} is {row.status} here and {status} there"


@pytest.mark.django_db
@pytest.mark.control("I10")
@pytest.mark.timeout(900)
def test_both_sides_agree_after_whatever_people_do() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=50,
            deadline=None,
            derandomize="BOTH_SIDES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
