"""What an application asks of Graph about its calls: the requests of REFERENCE 3 to 5.

Each returns whether it changed anything, or the body it answers with; what it causes is told afterwards.
"""

from simulator.engine import bodies, checks, legs, transfers
from simulator.engine.application import Application as Application
from simulator.engine.application import own_call as own_call
from simulator.engine.core import Engine
from simulator.engine.creating import MAX_CONCURRENT as MAX_CONCURRENT
from simulator.engine.creating import MAX_CREATED as MAX_CREATED
from simulator.engine.creating import create as create
from simulator.engine.model import APPLICATION, SERVICE, Call, Json, Result

TERMINATING_SECONDS = 0.05


def answer(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Let the application take an incoming call (`call-answer.md`)."""
    checks.require_state(call, "answer", ("incoming",), engine.faults)
    if call.conference:
        checks.require_role(app.roles, *checks.JOIN_ROLES)
    checks.check_media(body["mediaConfig"], app.roles)
    checks.check_modalities("acceptedModalities", body.get("acceptedModalities"), body["mediaConfig"])
    take_callback(app, call, body)
    call.media_config, call.deadline = body["mediaConfig"], None
    call.options = body.get("callOptions") or {}
    engine.establish(call, APPLICATION)
    engine.after(engine.between(0.1, 0.5, "connect"), lambda: engine.connect(call, SERVICE))
    legs.schedule_farewell(engine, call)
    return True


def take_callback(app: Application, call: Call, body: Json) -> None:
    """Send the rest of the notifications to the address that came with a request, if one came."""
    if body.get("callbackUri") is not None:
        call.callback_uri = app.callback(body["callbackUri"])


def reject(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Turn an incoming call away (`call-reject.md`); the notification names the call and nothing else."""
    checks.require_state(call, "reject", ("incoming",), engine.faults)
    take_callback(app, call, body)
    settings = engine.faults.settings
    busy = body.get("reason") == "busy"
    shown = settings.reject_busy_result if busy else settings.reject_result
    code, subcode = (int(part) for part in shown.split("/"))
    result = engine.result(code, subcode, "The call was rejected.", (8539 if busy else 8538) if not subcode else 0)
    engine.end(call, result, APPLICATION, {"@odata.id": f"/communications/calls/{call.id}"})
    return True


def redirect(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Send an incoming call to others; the application hears no more of it (`call-redirect.md`)."""
    checks.require_role(app.roles, "Calls.Initiate.All")
    checks.require_state(call, "redirect", ("incoming",), engine.faults)
    targets = checks.check_targets(body["targets"])
    timeout = checks.check_timeout(body.get("timeout"), len(targets))
    take_callback(app, call, body)
    engine.move(call, "redirecting", APPLICATION)
    parties = [legs.named(engine, target) for target in targets]
    engine.close(call, None, SERVICE)
    farewell = {**bodies.call_members(call), "targets": [bodies.invitation(party) for party in parties]}
    engine.notify(call, "deleted", farewell)
    legs.send_on(engine, call, parties, timeout)
    return True


def transfer(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Hand somebody over to somebody else, asked before or not (`call-transfer.md`)."""
    checks.require_role(app.roles, "Calls.Initiate.All")
    checks.require_state(call, "transfer", ("established",), engine.faults)
    checks.check_context(body)
    transfers.start(engine, app, call, body)
    return True


def delete(engine: Engine, app: Application, call: Call) -> bool:
    """Hang the application's leg up (`call-delete.md`)."""
    if call.state == "terminating":
        return False
    if call.state == "incoming":
        if engine.faults.settings.delete_incoming == "reject":
            return reject(engine, app, call, {})
        checks.require_in_call(call, "hanging up", engine.faults)
    engine.release_establishing(call)
    engine.move(call, "terminating", APPLICATION)
    engine.tell(call, "terminating")
    ended = Result(200, 7000, "The call was ended by the application.")
    engine.after(TERMINATING_SECONDS, lambda: engine.end(call, ended, SERVICE))
    return True


def keep_alive(engine: Engine, call: Call) -> bool:
    """Keep a call for another 45 minutes (`call-keepalive.md`)."""
    checks.require_in_call(call, "keepAlive", engine.faults)
    engine.arm_keep_alive(call)
    return False
