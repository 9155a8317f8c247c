"""The portal's rows against the simulator's: what was lost, what differs, what was done twice."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.e2e.databases import Database
from tests.e2e.running import Demo

Row = dict[str, Any]
LEAVES = {
    "answer": "establishing",
    "redirect": "redirecting",
    "reject": "terminated",
    "transfer": "transferring",
    "hang-up": "terminating",
}  # what each request leaves in the history of its call
DECISIONS = [LEAVES[kind] for kind in ("answer", "redirect", "reject")]


@dataclass(frozen=True)
class Books:
    """Both sides of one demo."""

    running: Demo
    database: Database

    def notified(self) -> list[Row]:
        """Return every attempt of the simulator to notify, with its outcome."""
        return self.running.simulator("GET", "/api/deliveries")["results"]

    def statuses(self) -> Counter[int]:
        """Return how often each answer was given to a notification; 0 is none."""
        return Counter(entry["status"] for entry in self.notified())

    def rung(self) -> set[str]:
        """Return the calls that the simulator has tried to announce."""
        return {entry["call"] for entry in self.notified() if entry["change"] == "created"}

    def theirs(self) -> dict[str, Row]:
        """Return the simulator's calls by id."""
        found = self.running.simulator("GET", "/api/calls?limit=10000")["results"]
        return {call["id"]: call for call in found}

    def ours(self) -> dict[str, str]:
        """Return the portal's calls by the simulator's id, with their states."""
        return dict(self.database.rows("select graph_id, state from calls_call"))

    def has_open_work(self) -> bool:
        """Tell whether something still rings or waits to be done."""
        return any(
            self.database.rows(f"select 1 from {rows} limit 1")
            for rows in (
                "calls_call where state <> 'terminated' and established_at is null",
                "webhooks_delivery where status = 'pending'",
                "calls_operation where status = 'pending'",
            )
        )

    def is_settled(self) -> bool:
        """Tell whether no work is left and both sides agree."""
        return not self.has_open_work() and not self.differences()

    def lost(self) -> set[str]:
        """Return the messages that were answered 202 and are not stored."""
        acknowledged = {entry["message_id"] for entry in self.notified() if entry["status"] == 202}
        return acknowledged - {key for (key,) in self.database.rows("select message_key from webhooks_delivery")}

    def dead(self) -> list[tuple[Any, ...]]:
        """Return deliveries that could not be applied."""
        return self.database.rows("select id, error from webhooks_delivery where status = 'dead'")

    def unknown(self) -> dict[str, list[tuple[str, int]]]:
        """Return the calls of which the portal never heard, with the attempts to announce them."""
        known = self.ours().keys()
        missed: dict[str, list[tuple[str, int]]] = {call: [] for call in self.theirs() if call not in known}
        for entry in self.notified():
            if entry["call"] in missed and entry["change"] == "created":
                missed[entry["call"]].append((entry["at"][17:23], entry["status"]))
        return missed

    def differences(self) -> dict[str, tuple[str, str]]:
        """Return the known calls whose state differs from the simulator's, with both states."""
        theirs = self.theirs()
        pairs = {call: (state, theirs[call]["state"]) for call, state in self.ours().items()}
        return {call: states for call, states in pairs.items() if states[0] != states[1]}

    def effects(self) -> dict[str, Counter[str]]:
        """Return what the application's requests did to each call, from its history."""
        return {
            key: Counter(entry["state"] for entry in call["history"] if entry["by"] == "application")
            for key, call in self.theirs().items()
        }

    def asked(self) -> dict[str, Counter[str]]:
        """Return how often each request was asked for of each call, by what it leaves in the history."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for call, kind in self.database.rows(
            "select c.graph_id, o.kind from calls_operation o join calls_call c on c.id = o.call_id"
        ):
            found[call][LEAVES[kind]] += 1
        return found

    def doubled(self) -> dict[str, tuple[Counter[str], Counter[str]]]:
        """Return the calls to which more was done than was asked for, or more than one decision: done, asked.

        A transfer that failed may be asked for once more, as another operation.
        """
        asked = self.asked()
        return {
            call: (done, asked[call])
            for call, done in self.effects().items()
            if done - asked[call] or sum(done[state] for state in DECISIONS) > 1
        }

    def unfounded(self) -> list[tuple[str, str]]:
        """Return operations that are said to be done and left nothing in their call's history.

        A hang-up that Graph did not accept is done by the call's having ended.
        """
        effects = self.effects()
        rows = self.database.rows(
            "select c.graph_id, o.kind from calls_operation o join calls_call c on c.id = o.call_id "
            "where o.status = 'done' and (o.kind <> 'hang-up' or o.accepted_at is not null)"
        )
        return [(call, kind) for call, kind in rows if not effects[call][LEAVES[kind]]]

    def operations(self) -> set[str]:
        """Return the ids of all that the portal ever asked for."""
        return {str(UUID(str(key))) for (key,) in self.database.rows("select id from calls_operation")}
