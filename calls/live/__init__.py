"""The live console's feed: the tail of the audit trail, fanned out to the sockets of one process.

`tail` reads (one thread), `pulse` asks whether the database is there (another), `board` keeps the cards and says
what changed for whom (pure), `feed` is one socket's bounded queue, `access` re-reads rights, `pace` holds the
figures, `hub` ties them together in the event loop.
"""

from calls.live.hub import Hub, current

__all__ = ["Hub", "current"]
