"""One tenant's Graph: requests that carry its token, answers as values or errors."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from graph.audio_routing import AudioRouting
from graph.calendar import Calendars
from graph.calls import Calls
from graph.errors import OutcomeUnknown, Refused, from_answer
from graph.media import Media
from graph.meetings import Meetings
from graph.operations import Operations
from graph.participants import Participants
from graph.paths import path
from graph.presence import Presences
from graph.subscriptions import Subscriptions
from graph.transport import Answer, Observer, Wire, origin
from graph.users import Users

logger = logging.getLogger(__name__)

_SCENARIO = re.compile(r"[0-9A-Za-z-]{1,64}")


class Tokens(Protocol):
    """Where bearer tokens come from."""

    def bearer(self) -> str:
        """Return a token that is valid now."""

    def drop(self, token: str) -> None:
        """Forget a token that was refused."""


@dataclass(frozen=True)
class Request:
    """One request to Graph, as it leaves."""

    method: str
    url: str
    template: str
    body: bytes | None = None
    scenario_id: str = ""
    repeatable: bool = False
    permission: str = ""
    prefer: str = ""
    if_match: str = ""


class GraphClient:
    """Ask Graph in the name of one tenant. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        tenant_id: str,
        tokens: Tokens,
        wire: Wire,
        observer: Observer | None = None,
        *,
        app_id: str = "",
    ) -> None:
        self.tenant_id = tenant_id
        self.app_id = app_id
        self._base_url = base_url.rstrip("/")
        self._origin = origin(self._base_url)
        if self._origin is None:
            raise ValueError("Graph's address is https")
        self._tokens = tokens
        self._wire = wire
        self._observer = observer
        self.calls = Calls(self)
        self.operations = Operations(self)
        self.participants = Participants(self)
        self.media = Media(self)
        self.meetings = Meetings(self)
        self.audio_routing = AudioRouting(self)
        self.calendars = Calendars(self)
        self.presences = Presences(self)
        self.subscriptions = Subscriptions(self)
        self.users = Users(self)

    def send(
        self,
        method: str,
        template: str,
        ids: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        scenario_id: str = "",
        repeatable: bool = False,
        permission: str = "",
        prefer: str = "",
        if_match: str = "",
    ) -> Answer:
        """Send one request and return its successful answer.

        :param template: path below the base with members in braces; also what the observer is told.
        :param repeatable: a second execution would change nothing.
        :param permission: the role this request needs (REFERENCE 2.1), named by the error when it is missing.
        :param prefer: how to answer, such as `include-unknown-enum-members` (REFERENCE 1, evolvable enums).
        :param if_match: the state that the request is about, as Graph told it (`@odata.etag`).
        :raises GraphError: whatever else happens.
        """
        if scenario_id and not _SCENARIO.fullmatch(scenario_id):
            raise Refused("a scenario id is a GUID", code="InvalidId")
        url = self._base_url + path(template, ids or {})
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="$,")
        data = None if body is None else json.dumps(body).encode()
        request = Request(method, url, template, data, scenario_id, repeatable, permission, prefer, if_match)
        return self._send(request)

    def follow(self, link: str, template: str, *, permission: str = "", prefer: str = "") -> Answer:
        """Read the page that a paging link names, if it is one of ours.

        :raises Refused: the link leaves Graph's origin; no request is made and no token sent.
        """
        if origin(link) != self._origin:
            raise Refused("a paging link leads away from Graph", code="ForeignOrigin")
        # Rebuilt on our own base, so that the host is ours whatever another reader makes of the link.
        parts = urlsplit(link)
        url = urlsplit(self._base_url)._replace(path=parts.path, query=parts.query).geturl()
        return self._send(Request("GET", url, template, repeatable=True, permission=permission, prefer=prefer))

    def _send(self, request: Request) -> Answer:
        token = self._tokens.bearer()
        answer = self._observed(request, token)
        if answer.status == 401:
            # Refused before anything was done: once more with a fresh token, even a POST.
            self._tokens.drop(token)
            answer = self._observed(request, self._tokens.bearer())
        if 200 <= answer.status < 300:
            return answer
        error = from_answer(
            answer.status,
            answer.headers,
            answer.body,
            repeatable=request.repeatable,
            permission=request.permission,
        )
        logger.warning("%s %s: %s", request.method, request.template, error)
        raise error

    def _observed(self, request: Request, token: str) -> Answer:
        started, status = time.monotonic(), 0
        headers = self._headers(request, token)
        try:
            answer = self._wire.exchange(
                request.method,
                request.url,
                headers=headers,
                body=request.body,
                repeatable=request.repeatable,
            )
            status = answer.status
            return answer
        except OutcomeUnknown as error:
            error.request_id = error.request_id or headers["client-request-id"]  # Graph has told none of its own
            raise
        finally:
            if self._observer is not None:
                self._observer(request.method, request.template, status, time.monotonic() - started)

    def _headers(self, request: Request, token: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "client-request-id": str(uuid.uuid4())}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if request.scenario_id:
            headers["Scenario-Id"] = request.scenario_id
        if request.prefer:
            headers["Prefer"] = request.prefer
        if request.if_match:
            headers["If-Match"] = request.if_match
        if origin(request.url) != self._origin:  # O2: compared for every request, however its address came about
            raise Refused("this address is not Graph's", code="ForeignOrigin")
        return headers | {"Authorization": f"Bearer {token}"}
