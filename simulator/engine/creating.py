"""Calls that an application makes: to one, to several, into a meeting (`application-post-calls.md`)."""

from functools import partial

from simulator.engine import bodies, checks, inviting, legs, meetings, rosters
from simulator.engine.application import Application
from simulator.engine.checks import bad_request
from simulator.engine.core import Engine
from simulator.engine.model import APPLICATION, SERVICE, Call, GraphFault, Json, Leg, Party, Result
from simulator.people import Line

MAX_CONCURRENT = 100
MAX_CREATED = 10_000


def create(engine: Engine, app: Application, body: Json, scenario_id: str = "") -> Call:
    """Call one or several, or join a meeting."""
    targets = [checks.party_of(target) for target in body.get("targets") or []]
    coordinates = body.get("meetingInfo") or body.get("chatInfo")
    check_create(engine, app, body, targets)
    if coordinates:
        return join(engine, app, body, targets, scenario_id)
    named = [legs.named(engine, target) for target in targets]
    if len(named) == 1:
        return call_one(engine, app, body, named[0], scenario_id)
    return call_several(engine, app, body, named, scenario_id)


def check_create(engine: Engine, app: Application, body: Json, targets: list[Party]) -> None:
    """Refuse what cannot be created."""
    if body.get("meetingInfo") or body.get("chatInfo"):
        checks.require_role(app.roles, *checks.JOIN_ROLES)
        meetings.check_coordinates(body)
    elif not targets:
        raise bad_request("targets must hold somebody to call.")
    if targets:
        alone = len(targets) == 1 and not body.get("meetingInfo")
        checks.require_role(app.roles, "Calls.Initiate.All" if alone else "Calls.InitiateGroupCall.All")
        check_several(targets)
    checks.check_media(body["mediaConfig"], app.roles)
    app.callback(body.get("callbackUri"))
    checks.check_modalities("requestedModalities", body["requestedModalities"], body["mediaConfig"])
    check_quota(engine, app)


def check_several(targets: list[Party]) -> None:
    """Refuse a group call with too many, or with a telephone (REFERENCE 3.1)."""
    if len(targets) > checks.MAX_VOIP:
        raise bad_request(f"A group call starts with at most {checks.MAX_VOIP} users.")
    if len(targets) > 1 and any(target.kind == "phone" for target in targets):
        raise bad_request("A group call starts with users; telephone numbers are invited afterwards.")


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


def begin(engine: Engine, app: Application, body: Json, target: Party, scenario_id: str) -> Call:
    """Make the call that every way of creating begins with."""
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
        targets=body.get("targets") or [],
        modalities=body["requestedModalities"],
        media_config=body["mediaConfig"],
        subject=body.get("subject"),
        options=body.get("callOptions") or {},
        legs=[Leg(source, "connected"), Leg(target, "ringing")],
        is_guest="Calls.JoinGroupCall.All" not in app.roles,
    )
    engine.created += 1
    engine.calls[call.id] = call
    return call


def call_one(engine: Engine, app: Application, body: Json, target: Party, scenario_id: str) -> Call:
    """Call one user or number."""
    call = begin(engine, app, body, target, scenario_id)
    engine.establish(call, APPLICATION)
    legs.dial_out(engine, call, target)
    return call


def call_several(engine: Engine, app: Application, body: Json, targets: list[Party], scenario_id: str) -> Call:
    """Call several: the application is in at once, and each of them when they pick up."""
    conference = rosters.open_conference(engine)
    label = ", ".join(target.label() for target in targets)
    call = begin(engine, app, body, Party("group", conference.id, label), scenario_id)
    call.conference = conference
    engine.establish(call, APPLICATION)
    connect_later(engine, call, targets)
    return call


def join(engine: Engine, app: Application, body: Json, targets: list[Party], scenario_id: str) -> Call:
    """Join a meeting; one that is not there fails the call, not the request (REFERENCE 3.1)."""
    found = engine.meetings.find(body["meetingInfo"], body.get("chatInfo") or {}, engine.now())
    call = begin(engine, app, body, meetings.as_party(found), scenario_id)
    call.chat_info, call.meeting_info = body.get("chatInfo"), body["meetingInfo"]
    if isinstance(found, Result):
        engine.establish(call, APPLICATION)
        engine.after(engine.between(0.1, 0.5, "connect"), partial(engine.end, call, found, SERVICE))
        return call
    call.conference = meetings.conference_of(engine, found)
    call.chat_info = call.chat_info or rosters.chat_info(call.conference)
    engine.establish(call, APPLICATION)
    connect_later(engine, call, [legs.named(engine, target) for target in targets])
    return call


def connect_later(engine: Engine, call: Call, targets: list[Party]) -> None:
    """Connect the application, and ring whom it named."""

    def connected() -> None:
        if call.state == "establishing" and call.conference:
            # Before the application is in, so that a group being rung is not taken for an empty one.
            inviting.ring_each(engine, call.conference, targets, lambda invitation, result: None)
            engine.connect(call, SERVICE)

    engine.after(engine.between(0.1, 0.5, "connect"), connected)
