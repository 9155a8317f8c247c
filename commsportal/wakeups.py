"""Wake-ups between processes: they carry no data and may be lost; whoever waits also looks by itself.

PostgreSQL: `NOTIFY` in the transaction that commits the news. SQLite: `PRAGMA data_version` changes with any
commit of another connection, so there is nothing to announce.
"""

from django.db import connection

CHANNEL = "commsportal"


def announce() -> None:
    """Wake the processes that wait, once the present transaction commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
