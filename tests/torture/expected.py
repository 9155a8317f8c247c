"""What processes may write as errors because of what the rig does to them, and nothing else; by engine."""

REFUSED = r'"logger":"django.request","message":"Service Unavailable: /api/v1/'  # 503, while the database is away
# uvicorn's words for a handshake that a stop has cut off.
CUT_OFF = r'"logger":"uvicorn.error","message":"ASGI callable returned without completing handshake\."'
# Of requests that wait for the database for longer than a stop lets them: their senders come again.
OUT_OF_TIME = r"Cancel \d+ running task\(s\), timeout graceful shutdown exceeded"
# SQLite has one writer at a time, and who waits is not let in by turns. What did not get in is done again.
LOCKED = r'OperationalError: database is locked\s*"\}$'
EXPECTED: dict[str, tuple[str, ...]] = {
    # A worker that is stopped for 7 s may hold the only writer's place for longer than the others wait for it, and
    # what was killed leaves a log that who comes next has to go through. The work falls due again.
    "sqlite": (REFUSED, CUT_OFF, OUT_OF_TIME, LOCKED),
    # Sessions are ended by `pg_terminate_backend`: those at work are told so, the others find the line cut.
    "postgresql": (
        REFUSED,
        CUT_OFF,
        OUT_OF_TIME,
        # A worker that is stopped for 7 s may hold what a web process waits 5 s for: the trail's head, or a call.
        # The first in line is told that it was locking a tuple, those behind it are not told what they wait for.
        r"QueryCanceled: canceling statement due to statement timeout\\n",
        r"terminating connection due to administrator command",
        r"OperationalError: (the connection is lost|consuming input failed: server closed the connection)",
        r"(OperationalError|InterfaceError): (the )?connection (is|already) closed",
    ),
}
