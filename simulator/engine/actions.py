"""What an application asks of Graph about its calls: the requests of REFERENCE 3 to 5.

Each returns whether it changed anything, or the body it answers with; what it causes is told afterwards.
"""

from dataclasses import dataclass

from simulator.engine import bodies, checks, legs
from simulator.engine.checks import bad_request, call_not_found
from simulator.engine.core import Engine
from simulator.engine.model import APPLICATION, SERVICE, Call, GraphFault, Json, Leg, Party, Result
from simulator.people import Line, Tenant

MAX_CONCURRENT = 100
MAX_CREATED = 10_000
TERMINATING_SECONDS = 0.05


@dataclass(frozen=True)
class Application:
    """Say who is asking: what the verified access token holds."""

    tenant: Tenant
    app_id: str
    roles: frozenset[str]
    http_callbacks: bool = False

    def callback(self, uri: object) -> str:
        """Return a callback address that this application may name."""
        return checks.check_callback(uri, http_loopback=self.http_callbacks)


def own_call(engine: Engine, app: Application, call_id: str) -> Call:
    """Return a live call of the asking application; anybody else's is not found."""
    call = engine.find(call_id)
    if call is None or call.is_over or (call.tenant_id, call.app_id) != (app.tenant.id, app.app_id):
        raise call_not_found()
    return call


def create(engine: Engine, app: Application, body: Json, scenario_id: str = "") -> Call:
    """Call one user or number (`application-post-calls.md`)."""
    target = check_create(engine, app, body)
    source = source_of(app, body, target)
    call = Call(
        id=engine.new_id(),
        chain_id=engine.new_id(),
        my_participant_id=engine.new_id(),
        scenario_id=scenario_id or engine.new_id(),
        tenant_id=app.tenant.id,
        app_id=app.app_id,
        direction="outgoing",
        state="establishing",
        caller=source,
        callee=target,
        callback_uri=app.callback(body.get("callbackUri")),
        created_at=engine.now(),
        source=bodies.participant(source),
        targets=body["targets"],
        modalities=body["requestedModalities"],
        media_config=body["mediaConfig"],
        subject=body.get("subject"),
        legs=[Leg(source, "connected"), Leg(target, "ringing")],
    )
    engine.created += 1
    engine.calls[call.id] = call
    engine.establish(call, APPLICATION)
    legs.dial_out(engine, call, target)
    return call


def check_create(engine: Engine, app: Application, body: Json) -> Party:
    """Refuse what cannot be created; return the one party to call."""
    if body.get("meetingInfo") or body.get("chatInfo"):
        checks.require_role(app.roles, "Calls.JoinGroupCall.All", "Calls.JoinGroupCallAsGuest.All")
        raise GraphFault(501, "NotImplemented", "Meetings are not simulated.")
    targets = body.get("targets") or []
    if not targets:
        raise bad_request("targets must hold somebody to call.")
    checks.require_role(app.roles, "Calls.Initiate.All" if len(targets) == 1 else "Calls.InitiateGroupCall.All")
    checks.check_media(body["mediaConfig"], app.roles)
    app.callback(body.get("callbackUri"))
    checks.check_modalities("requestedModalities", body["requestedModalities"], body["mediaConfig"])
    if len(targets) > 1:
        raise GraphFault(501, "NotImplemented", "Group calls are not simulated.")
    check_quota(engine, app)
    return legs.named(engine, checks.party_of(targets[0]))


def check_quota(engine: Engine, app: Application) -> None:
    """Refuse a call over the quotas of REFERENCE 17."""
    live = sum(call.app_id == app.app_id for call in engine.live())
    if live >= MAX_CONCURRENT or engine.created >= MAX_CREATED:
        raise GraphFault(429, "TooManyRequests", "Please retry again later.", {"Retry-After": "10"})


def source_of(app: Application, body: Json, target: Party) -> Party:
    """Return who calls: the application, or its resource account, which a telephone number needs."""
    instance = (((body.get("source") or {}).get("identity") or {}).get("applicationInstance") or {}).get("id")
    line: Line | None = app.tenant.lines.get(instance) if instance else None
    if instance and line is None:
        raise GraphFault(403, "7507", "The source is no application instance of this application.")
    if target.kind == "phone" and line is None:
        raise bad_request("A call to a telephone number needs source.identity.applicationInstance.")
    if target.kind == "phone" and body.get("tenantId") != app.tenant.id:
        raise GraphFault(403, "7505", "A call to a telephone number needs the tenantId of the token's tenant.")
    if line:
        return Party("applicationInstance", line.instance_id, line.name.title(), app.tenant.id)
    return Party("application", app.app_id, "commsportal", app.tenant.id)


def answer(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Let the application take an incoming call (`call-answer.md`)."""
    checks.require_state(call, "answer", ("incoming",), engine.faults)
    checks.check_media(body["mediaConfig"], app.roles)
    checks.check_modalities("acceptedModalities", body.get("acceptedModalities"), body["mediaConfig"])
    take_callback(app, call, body)
    call.media_config, call.deadline = body["mediaConfig"], None
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
    """Hand an established call to somebody else without asking first (`call-transfer.md`)."""
    checks.require_role(app.roles, "Calls.Initiate.All")
    checks.require_state(call, "transfer", ("established",), engine.faults)
    if len(body.get("clientContext") or "") > checks.MAX_CONTEXT:
        raise bad_request(f"clientContext must not be longer than {checks.MAX_CONTEXT} characters.")
    target = body["transferTarget"]
    if target.get("replacesCallId"):
        raise GraphFault(501, "NotImplemented", "Consultative transfer is not simulated.")
    party = legs.named(engine, checks.party_of(target))
    engine.move(call, "transferring", APPLICATION)
    engine.tell(call, "transferring")
    legs.hand_over(engine, call, party)
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
