"""Sessions in the database; what one keeps sealed under its key is sealed anew when it gets another."""

from django.contrib.sessions.backends import db

from directory import refresh_tokens


class SessionStore(db.SessionStore):
    """Django's own, but for a change of its key."""

    def cycle_key(self) -> None:
        """Give the session another key: at a sign-in, and when a former secret key was found in it."""
        former = self.session_key
        super().cycle_key()
        refresh_tokens.rebind(self, former)
