"""The state machine of calls: a record, timers and notifications, moved by commands and by time alone."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from simulator.engine import bodies, checks, rosters
from simulator.engine.calendars import Calendars
from simulator.engine.conference import Conference
from simulator.engine.habits import Habits, Invites
from simulator.engine.meetings import Meetings
from simulator.engine.model import (
    CALLER,
    SERVICE,
    Call,
    Happening,
    Json,
    Leg,
    Notification,
    Party,
    Result,
)
from simulator.engine.subscriptions import Subscriptions
from simulator.engine.timers import Timers
from simulator.faults import Faults
from simulator.people import Directory, Line, Tenant

DECISION_WINDOW = timedelta(seconds=15)
KEEP_ALIVE_WINDOW = timedelta(minutes=45)
ENDED_KEPT = timedelta(hours=2)
ENDED_KEPT_MOST = 12_000  # more than the largest load

Clock = Callable[[], datetime]
Deliver = Callable[[Notification], None]
NewId = Callable[[], str]


class Engine:
    """Hold every call. It never waits and never sends: the clock and the delivery are handed in."""

    def __init__(
        self,
        directory: Directory,
        faults: Faults,
        *,
        now: Clock,
        deliver: Deliver,
        new_id: NewId,
        webhook: str,
    ) -> None:
        self.directory = directory
        self.faults = faults
        self.now = now
        self.deliver = deliver
        self.new_id = new_id
        self.webhook = webhook
        self.timers = Timers()
        self.calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.meetings = Meetings(new_id, faults)
        self.calendars = Calendars(new_id, self.meetings)
        self.subscriptions = Subscriptions(new_id, now)
        self.calendars.on_change = self.subscriptions.changed
        self.created = 0
        self.habits = Habits()
        self._ended: deque[Call] = deque()

    # Time

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have the action run after so many seconds."""
        self.timers.set(self.now() + timedelta(seconds=seconds), action)

    def advance(self, most: int = 0) -> None:
        """Do what is due by now: everything, or at most so much."""
        done = 0
        while (not most or done < most) and (action := self.timers.pop_due(self.now())):
            done += 1
            action()

    def between(self, low: float, high: float, purpose: str) -> float:
        """Draw a number of seconds; the seed decides it."""
        return self.faults.stream(purpose).uniform(low, high)

    # Looking up

    def find(self, call_id: str) -> Call | None:
        """Find a call, over or not, by its id in either spelling (REFERENCE 1, ids)."""
        bare = call_id.replace("-", "").lower()
        if len(bare) == 32:
            return self.calls.get(f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}")
        return None

    def live(self) -> list[Call]:
        """List the calls that Graph still knows."""
        return [call for call in self.calls.values() if not call.is_over]

    def result(self, code: int, subcode: int, message: str, inferred: int = 0) -> Result:
        """Make a result; a switch puts the inferred sub-code in the place of 0 (REFERENCE 16.3)."""
        if inferred and self.faults.settings.inferred_subcodes:
            subcode = inferred
        return Result(code, subcode, message)

    # A call comes in

    def ring(
        self,
        caller: Party,
        tenant: Tenant,
        line: Line,
        *,
        call_id: str = "",
        chain_id: str = "",
        transferor: Party | None = None,
        chatty: bool = False,
        invites: Invites | None = None,
    ) -> Call:
        """Offer a call to the application behind a line."""
        callee = Party("applicationInstance", line.instance_id, line.name.title(), tenant.id)
        call = Call(
            id=call_id or self.new_id(),
            chain_id=chain_id or self.new_id(),
            my_participant_id=self.new_id(),
            scenario_id=self.new_id(),
            tenant_id=tenant.id,
            app_id=tenant.client_id,
            direction="incoming",
            state="incoming",
            caller=caller,
            callee=callee,
            callback_uri=self.webhook,
            created_at=self.now(),
            line=line.name,
            transferor=transferor,
            chatty=chatty,
        )
        if invites:
            call.conference, call.invited_as = invites.conference, invites.invited_as
            call.chat_info, call.meeting_info = invites.chat_info, invites.meeting_info
        call.source = bodies.participant(caller, decrypted=bool(tenant.roles & checks.CALL_ROLES))
        call.targets = [bodies.invitation(callee)]
        call.legs = [Leg(caller, "connected"), Leg(callee, "ringing")]
        self.add(call, CALLER)
        self.arm_deadline(call, self.now() + self.delay())
        self.notify(call, "created", bodies.call_members(call), offers=True)
        return call

    def add(self, call: Call, by: str) -> None:
        """Take a new call up."""
        self.calls[call.id] = call
        self.record(call, call.state, by)

    def arm_deadline(self, call: Call, sent_at: datetime) -> None:
        """Start the application's 15 seconds, which run from the delivery (REFERENCE 4)."""
        call.deadline = sent_at + DECISION_WINDOW
        self.timers.set(call.deadline, lambda: self.expire(call))

    def delivered(self, call_id: str) -> None:
        """Take note that the application has the offer of a call."""
        call = self.calls.get(call_id)
        if call and call.state == "incoming":
            self.arm_deadline(call, self.now())

    def expire(self, call: Call) -> None:
        """End a call that nobody decided on in time."""
        if call.state != "incoming" or call.deadline is None or call.deadline > self.now():
            return
        code, subcode = (int(part) for part in self.faults.settings.unanswered_result.split("/"))
        self.end(call, self.result(code, subcode, "The call was not answered in time.", 8587), SERVICE)

    # Moving on

    def record(self, call: Call, state: str, by: str) -> None:
        """Write down that a call reached a state."""
        call.history.append(Happening(self.now(), state, by))

    def move(self, call: Call, state: str, by: str) -> None:
        """Bring a call into a state without telling anybody."""
        call.state = state
        self.record(call, state, by)

    def tell(self, call: Call, state: str, **members: object) -> None:
        """Send the notification of a state."""
        if state in ("establishing", "established"):
            members = {**bodies.coordinates(call), **members}
        self.notify(call, "updated", bodies.state_change(call, state, **members))

    def establish(self, call: Call, by: str) -> None:
        """Begin to set a call up; with the reorder switch the news of it comes after `established`."""
        self.move(call, "establishing", by)
        self.arm_keep_alive(call)
        call.held_establishing = self.faults.strikes("reorder")
        if not call.held_establishing:
            self.tell(call, "establishing")

    def connect(self, call: Call, by: str) -> None:
        """Connect a call, if it is still being set up."""
        if call.state != "establishing":
            return
        self.move(call, "established", by)
        call.audio = "active"
        for leg in call.legs:
            leg.state = "connected"
        self.tell(call, "established")
        self.release_establishing(call)
        self.notify(call, "updated", {"mediaState": {"audio": "active"}})
        if call.conference:
            rosters.enter(self, call, call.conference)

    def release_establishing(self, call: Call) -> None:
        """Send the news that was held back for the sake of disorder."""
        if call.held_establishing:
            call.held_establishing = False
            self.tell(call, "establishing")

    def arm_keep_alive(self, call: Call) -> None:
        """Give a call another 45 minutes (REFERENCE 3.5)."""
        is_watched = call.keep_alive_until is not None
        call.keep_alive_until = self.now() + KEEP_ALIVE_WINDOW
        if not is_watched:
            self.watch(call.id, call.keep_alive_until)

    def watch(self, call_id: str, until: datetime) -> None:
        """Look at a call when its time is over: one timer per call, which does not keep the call in memory."""
        self.timers.set(until, lambda: self.lapse(call_id))

    def lapse(self, call_id: str) -> None:
        """End a call that the application forgot to keep alive."""
        call = self.calls.get(call_id)
        if call is None or call.is_over or call.keep_alive_until is None:
            return
        if call.keep_alive_until > self.now():
            self.watch(call_id, call.keep_alive_until)
        else:
            self.end(call, Result(408, 8537, "Keep-alive timed out."), SERVICE)

    def end(self, call: Call, result: Result | None, by: str, data: Json | None = None) -> None:
        """End the application's leg, and say so."""
        if call.is_over:
            return
        self.release_establishing(call)
        self.close(call, result, by)
        self.notify(call, "deleted", bodies.termination(result) if data is None else data)

    def close(self, call: Call, result: Result | None, by: str) -> None:
        """Bring a call to its end without telling anybody."""
        self.move(call, "terminated", by)
        call.result, call.audio, call.ended_at, call.deadline = result, "", self.now(), None
        for leg in call.legs:
            leg.state = "left"
        if call.conference:
            rosters.depart(self, call, call.conference)
        self._ended.append(call)
        self.forget_old()

    def forget_old(self) -> None:
        """Drop ended calls by age and number, so that memory stays bounded."""
        while self._ended and (len(self._ended) > ENDED_KEPT_MOST or self.is_stale(self._ended[0])):
            self.calls.pop(self._ended.popleft().id, None)

    def is_stale(self, call: Call) -> bool:
        """Tell whether a call ended so long ago that nobody asks any more."""
        return call.ended_at is not None and self.now() - call.ended_at > ENDED_KEPT

    # Telling the application

    def notify(
        self, call: Call, change: str, data: Json | list[Json], part: str = "", *, offers: bool = False
    ) -> None:
        """Hand a notification to the delivery, subject to the switches that lose, repeat and delay."""
        if self.faults.strikes("drop"):
            return
        notification = Notification(
            call_id=call.id,
            uri=call.callback_uri,
            tenant_id=call.tenant_id,
            audience=call.app_id,
            message_id=self.new_id(),
            scenario_id=call.scenario_id,
            chain_id=call.chain_id,
            body=bodies.envelope(call, change, data, part),
            not_before=self.now() + self.delay(),
            offers=offers,
            legacy=bodies.legacy_offer(call) if offers and self.faults.strikes("legacy_first") else None,
        )
        self.deliver(notification)
        if self.faults.strikes("duplicate"):
            self.deliver(notification)

    def delay(self) -> timedelta:
        """Return by how much a switch delays notifications."""
        return timedelta(milliseconds=self.faults.settings.delay_ms)
