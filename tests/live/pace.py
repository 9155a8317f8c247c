"""How fast the live feed of the tests ticks, and how little it holds."""

PACE = {
    "tick": 0.05,
    "heartbeat": 0.5,
    "heartbeat_with_claim": 0.2,
    "silence": 15.0,  # as usual: a console of these tests answers only while it is read
    "renewal": 0.1,
    "review": 0.5,
}
SOCKETS_PER_PERSON = 5
