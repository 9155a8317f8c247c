"""Graph in the name of somebody who has signed in: their own meetings, by their own token (REFERENCE 9, 24.5).

A client of here lives as long as the web request of the session that keeps the refresh token. The worker has none:
nothing of what it runs imports this module, and a contract in `pyproject.toml` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graph import conf, credentials
from graph.client import GraphClient, Request
from graph.errors import GraphError, NotSent, Refused
from graph.meeting_times import MeetingTimes
from graph.meetings import OWN, WORDS, Meetings
from graph.transport import Answer

WHOLE_SECONDS = 5.0  # of one exchange: somebody waits for the page
# What only signing in anew can mend (REFERENCE 24.2): expired, revoked, without consent, a second factor is due.
OVER = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})


class SignInOver(NotSent):
    """Microsoft does not take the refresh token any more: whose it was has to sign in again."""


class OwnToken:
    """One person's access token: fetched when it is first needed, kept in memory alone."""

    def __init__(
        self, tenant_id: str, refresh_token: str, renewed: Callable[[str], None], scope: str = OWN
    ) -> None:
        self._tenant_id = tenant_id
        self._scope = scope
        self._refresh_token = refresh_token
        self._renewed = renewed
        self._held = ""

    def bearer(self) -> str:
        """Return the token.

        :raises SignInOver: the person has to sign in again.
        :raises GraphError: none was to be had.
        """
        if not self._held:
            self._held = self._redeemed()
        return self._held

    def drop(self, token: str) -> None:
        """Forget a token that was refused."""
        if token == self._held:
            self._held = ""

    def _redeemed(self) -> str:
        result = self._result()
        token, fresh = result.get("access_token"), result.get("refresh_token")
        if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):
            raise _refusal(result)
        if isinstance(fresh, str) and fresh and fresh != self._refresh_token:
            self._refresh_token = fresh
            self._renewed(fresh)
        return token

    def _result(self) -> Mapping[str, Any]:
        try:
            application = conf.sign_in_application(self._tenant_id, whole_seconds=WHOLE_SECONDS)
            result = application.acquire_token_by_refresh_token(self._refresh_token, [self._scope])
        except GraphError:
            raise
        except Exception as reason:  # MSAL raises whatever an odd body makes Python raise
            raise NotSent("no token: unreadable answer", retryable=True, code="NoToken") from reason
        return result if isinstance(result, dict) else {}


def _refusal(result: Mapping[str, Any]) -> NotSent:
    refusal = credentials.refusal(result, None)
    if refusal.code not in OVER:
        return refusal
    return SignInOver(refusal.message, code=refusal.code, subcode=refusal.subcode)


class OwnMeetings(Meetings):
    """The meetings that one person organises, by `/me`; no access policy is involved."""

    def __init__(self, graph: GraphClient, oid: str) -> None:
        super().__init__(graph)
        self._oid = oid.lower()

    def _ask(self, method: str, template: str, ids: Mapping[str, str], *, permission: str, **rest: Any) -> Answer:
        if ids["organizer"].lower() != self._oid:
            raise Refused("this is somebody else's meeting", code="NotTheirOwn")
        mine = template.replace("/users/{organizer}/", "/me/", 1)
        return self._graph.send(method, mine, ids, permission=OWN, prefer=WORDS, **rest)


class DelegatedClient(GraphClient):
    """Ask Graph in the name of one person, for what is theirs."""

    def __init__(self, base_url: str, tenant_id: str, oid: str, tokens: OwnToken, **rest: Any) -> None:
        super().__init__(base_url, tenant_id, tokens, **rest)
        self.meetings = OwnMeetings(self, oid)
        self.meeting_times = MeetingTimes(self)

    def _send(self, request: Request) -> Answer:
        if not request.template.startswith("/me/"):
            raise Refused("a person's own token is for what is theirs alone", code="NotTheirOwn")
        return super()._send(request)


def client(
    tenant_id: str, oid: str, refresh_token: str, renewed: Callable[[str], None], scope: str = OWN
) -> DelegatedClient:
    """Return a client for one request of one person.

    :param scope: what the access token is to be good for: their meetings, or `meeting_times.READ`.
    :param renewed: is told of each refresh token that takes the place of the last.
    :raises Refused: the tenant is not configured.
    """
    url, wire = conf.reach(tenant_id, WHOLE_SECONDS)
    tokens = OwnToken(tenant_id, refresh_token, renewed, scope)
    return DelegatedClient(url, tenant_id, oid, tokens, wire=wire, observer=conf.tell)
