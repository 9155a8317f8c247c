"""What can go wrong between us and Graph, and whether asking again can do harm."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from graph.values import text

LONGEST_RETRY_AFTER = 86_400.0
# Sub-codes that say the call is over or was never there: 8522 is seen in logs, the others share its numbering.
GONE = frozenset({8522, 8528, 8543, 8587})
THROTTLED = frozenset({8516, 8529, 8530})
# 403 answers that no role can heal: not registered for calling, another tenant, a foreign call source.
NOT_ABOUT_ROLES = frozenset({7503, 7505, 7507})
# Refusals of the login service that asking again cannot change (REFERENCE 24.2).
PERMANENT_LOGIN_CODES = frozenset({"invalid_client", "unauthorized_client", "invalid_request", "invalid_scope"})


class GraphError(Exception):
    """Say what Graph refused or why it could not be asked."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        code: str = "",
        subcode: int | None = None,
        request_id: str = "",
        permission: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.status = status
        self.code = code
        self.subcode = subcode
        self.request_id = request_id
        self.permission = permission
        self.retry_after = retry_after

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}" if self.status else "", self.code, self._needs(), self._request()]
        known = ", ".join(fact for fact in facts if fact)
        return f"{self.message} ({known})" if known else self.message

    def _needs(self) -> str:
        return f"needs {self.permission}" if self.permission else ""

    def _request(self) -> str:
        return f"request {self.request_id}" if self.request_id else ""


class NotSent(GraphError):
    """The request provably never left: sending it again cannot make it happen twice."""


class OutcomeUnknown(GraphError):
    """The request left and no readable answer came: look before sending it again."""


class Refused(GraphError):
    """Graph (or our own check before sending) refuses this request for good."""


class PreconditionFailed(Refused):
    """What was to be changed is no longer as it was read: read it again before anything else (REFERENCE 23.6)."""


class NotFound(GraphError):
    """The call, participant or user is unknown or over."""


class Forbidden(GraphError):
    """A role, a consent or a tenant setting is missing."""


class AccessPolicyMissing(Forbidden):
    """No application access policy lets the application act in this person's name (REFERENCE 2.3).

    `remedy` says what a Teams administrator runs; what was granted takes up to 30 minutes to count.
    """

    def __init__(self, error: GraphError, *, remedy: str, permission: str = "") -> None:
        super().__init__(
            error.message,
            status=error.status,
            code=error.code,
            subcode=error.subcode,
            request_id=error.request_id,
            permission=permission,
        )
        self.remedy = remedy


class Unauthorized(GraphError):
    """The token was not accepted, nor was a fresh one."""


class Throttled(GraphError):
    """Nothing happened; ask again after `retry_after` seconds."""


class ServerFault(GraphError):
    """Graph failed while handling the request: of a POST the outcome is unknown."""


@dataclass(frozen=True)
class Failure:
    """What an error body says, in either of its two shapes (REFERENCE 16.1)."""

    code: str = ""
    subcode: int | None = None
    message: str = ""
    request_id: str = ""

    @classmethod
    def from_body(cls, body: bytes) -> Failure:
        """Read an error body; anything else is a failure without words."""
        error = _member(_json(body), "error")
        inner = _member(error, "innerError") or _member(error, "innererror")
        code, message = _text(error.get("code")), _text(error.get("message"))
        nested = _json(message.encode("utf-8", "replace")) if message.startswith("{") else {}
        if nested:  # {"code": "UnknownError", "message": "{\"errorCode\":\"7503\", ...}"}
            code = _text(nested.get("errorCode")) or code
            message = _text(nested.get("message")) or code
        return cls(code, number(code), message[:500], _text(inner.get("request-id"))[:64])


def from_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, repeatable: bool, permission: str = ""
) -> GraphError:
    """Turn an answer that is no success into the exception that names it.

    :param headers: names in lower case.
    :param repeatable: a second execution of the request would change nothing.
    :param permission: the role that the request needs, named when it is what lacks.
    """
    failure = Failure.from_body(body)
    kind = _kind(status, failure.subcode)
    return kind(
        failure.message or f"Graph answered {status}",
        retryable=kind is Throttled or (kind is ServerFault and repeatable),
        status=status,
        code=failure.code[:100],
        subcode=failure.subcode,
        request_id=failure.request_id or request_id(headers),
        permission=permission if kind is Forbidden and failure.subcode not in NOT_ABOUT_ROLES else "",
        retry_after=retry_after(headers),
    )


def _kind(status: int, subcode: int | None) -> type[GraphError]:
    if status >= 500:
        return ServerFault
    if status == 429 or subcode in THROTTLED:
        return Throttled
    if status == 404 or subcode in GONE:
        return NotFound
    if status == 412 and subcode is None:  # calls in the wrong state are another matter
        return PreconditionFailed
    return {401: Unauthorized, 403: Forbidden}.get(status, Refused)


def request_id(headers: Mapping[str, str]) -> str:
    """Read the id by which Microsoft's support finds a request: Graph's own, else ours that it repeats."""
    return (headers.get("request-id") or headers.get("client-request-id", ""))[:64]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds (Graph also sends fractions, `2.128`) or an HTTP date.

    A date is compared with the answer's own `Date` where it has one, so that clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return min(float(value), LONGEST_RETRY_AFTER)
    then = _http_date(value)
    if then is None:
        return None
    sent = _http_date(headers.get("date", ""))
    return min(max(then - (time.time() if sent is None else sent), 0.0), LONGEST_RETRY_AFTER)


def number(value: str) -> int | None:
    """Read a calling error code (`"8522"`); Graph's words have none."""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None


def _http_date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _member(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _text(value: object) -> str:
    return text(value) if isinstance(value, str) else str(value) if type(value) is int else ""
