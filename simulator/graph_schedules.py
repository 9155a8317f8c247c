"""Free and busy over HTTP: `getSchedule` (REFERENCE 23.8)."""

from datetime import datetime, timedelta

from django.http import HttpResponse

from simulator.engine import event_bodies
from simulator.engine.bodies import GRAPH
from simulator.engine.event_settings import invalid
from simulator.engine.model import Json
from simulator.engine.zones import Wall
from simulator.exchanges import Exchange, method_not_allowed, read_body, send

MOST_ADDRESSES = 20
LONGEST = timedelta(days=42)
MINUTES = range(5, 1_441)
USUAL_MINUTES = 30
NAMES = ("schedules", "startTime", "endTime", "availabilityViewInterval")


def many(exchange: Exchange, zone: str) -> HttpResponse:
    """Answer who has time; an address that nobody has says so, and the others do not suffer from it."""
    if exchange.request.method != "POST":
        raise method_not_allowed()
    body = read_body(exchange, "calendar.getSchedule.request")
    asked = {name: body.get(name, body.get(name[:1].upper() + name[1:])) for name in NAMES}
    addresses, minutes = asked["schedules"] or [], asked["availabilityViewInterval"] or USUAL_MINUTES
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        raise invalid(f"schedules holds 1 to {MOST_ADDRESSES} addresses.")
    if minutes not in MINUTES:
        raise invalid("availabilityViewInterval is from 5 to 1440 minutes.")
    since, until = (Wall.read(asked[name] or {}).at for name in ("startTime", "endTime"))
    if not timedelta() < until - since < LONGEST:
        raise invalid("The time between startTime and endTime is less than 42 days.")
    value = [schedule(exchange, address, since, until, minutes, zone) for address in addresses]
    context = f"{GRAPH}/$metadata#Collection(microsoft.graph.scheduleInformation)"
    return send(200, "scheduleInformation.collection", {"@odata.context": context, "value": value})


def schedule(exchange: Exchange, address: str, since: datetime, until: datetime, minutes: int, zone: str) -> Json:
    """Return what is known of one address."""
    person = exchange.caller.tenant.find_address(address)
    if person is None:
        return event_bodies.no_schedule(address)
    busy = exchange.world.engine.calendars.within(person.id, since, until)
    return event_bodies.schedule(address, busy, since, until, minutes, zone, person.zone)
