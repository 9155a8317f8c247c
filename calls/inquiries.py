"""Find out what became of a request that has no answer or no effect: read its call, or wait for who calls back."""

from datetime import datetime, timedelta

from django.db import transaction

from calls import asking, changes, failures, patience, reads
from calls.ledger import Ledger
from calls.models import Operation
from calls.rules import operations as rules
from calls.rules import state
from commsportal.pauses import Urgency
from commsportal.worker import tidy
from graph import conf, errors

LOOK_AFTER = timedelta(seconds=20)  # an accepted request whose effect has not shown
NO_CALLBACK = timedelta(seconds=60)  # a create without an answer and without a notification


def await_callback(row: Operation) -> None:
    """Wait for the notification that names a call whose creation was never answered."""
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None or found.sending_at is None:
            return
        if ledger.at - found.sending_at < NO_CALLBACK:
            found.wait(found.sending_at + NO_CALLBACK)
            ledger.change_operation(found)
        else:
            overdue = rules.Observed(found.call.state, overdue=True)
            asking.close(ledger, found, rules.settle(asking.asked(found), overdue) or _lost())
            changes.report(ledger, found.call, state.Reported("gone"), ledger.at)
        ledger.write()


def _lost() -> rules.Settlement:
    return rules.Settlement("unknown", rules.NOT_KNOWN, "Microsoft has not said. Look how the call stands.")


def look(row: Operation) -> bool:
    """Read the call; tell whether it shows that the request had no effect and is to be sent again."""
    tidy()  # whoever waits for Graph needs no connection to the database
    try:
        read = reads.read(row.call)
    except errors.GraphError as error:
        patience.note(row.call, Urgency.CHECK, error)
        _look_later(row, error)
        return False
    return _learn(row, read)


def look_at_operation(row: Operation) -> None:
    """Read how Graph's own operation stands, and the call where it names none."""
    if not row.graph_id:
        look(row)
        return
    tidy()
    try:
        told = conf.client(row.call.tenant_id).operations.get(row.call.graph_id, row.graph_id)
    except errors.NotFound:
        told = None
    except errors.GraphError as error:
        patience.note(row.call, Urgency.CHECK, error)
        _look_later(row, error)
        return
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return
        found.lease_until = None  # nobody waits for an answer to the request itself
        asking.hear(ledger, found, told)
        if found.status == Operation.Status.PENDING:
            _carry_on(ledger, found, again=False)
        ledger.write()


def _learn(row: Operation, read: reads.Read) -> bool:
    """Apply a read; tell whether the request is to be sent again."""
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return False
        if read.is_overtaken(found.call):
            found.wait(ledger.at + patience.LOOK_AGAIN)
            ledger.change_operation(found)
            ledger.write()
            return False
        until, found.lease_until = found.lease_until, None  # nobody waits for an answer to the request itself
        changes.report(ledger, found.call, read.reported, ledger.at)
        again = False
        if found.status == Operation.Status.PENDING:
            found.lease_until = until
            again = found.accepted_at is None and rules.nothing_happened(found.kind, read.reported.word)
            _carry_on(ledger, found, again=again)
        ledger.write()
    row.sending_at = found.sending_at
    return again and found.status == Operation.Status.PENDING


def _carry_on(ledger: Ledger, row: Operation, *, again: bool) -> None:
    ledger.change_operation(row)
    if again and row.error_code:
        refused = rules.Settlement("failed", failures.REFUSED, row.error_detail)
        asking.close(ledger, row, refused, code=row.error_code, subcode=row.error_subcode)
    elif again:
        row.sending_at = None
    elif ledger.at - row.created_at > patience.GIVE_UP:
        asking.close(ledger, row, _lost())
    else:
        row.wait(_next_look(row, ledger.at))


def _next_look(row: Operation, at: datetime) -> datetime:
    overdue_at = asking.overdue_at(row)
    later = at + LOOK_AFTER
    return min(later, overdue_at) if overdue_at and overdue_at > at else later


def _look_later(row: Operation, error: errors.GraphError) -> None:
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return
        if ledger.at - found.created_at > patience.GIVE_UP:
            asking.close(ledger, found, _lost(), code=error.code)
        else:
            found.wait(ledger.at + patience.pause(found, error, ledger.at))
            asking.settle_by_now(ledger, found)
            ledger.change_operation(found)
        ledger.write()
