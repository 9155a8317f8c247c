"""Errors of the portal and their one way out: RFC 9457 problem details."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from commsportal import tracing

logger = logging.getLogger(__name__)

# What the framework refuses, by its code; its own texts are templates, or say the same as the detail.
TITLES = {
    "error": "The portal failed",
    "invalid": "Some values are missing or wrong",
    "parse_error": "The body cannot be read",
    "authentication_failed": "The credentials do not hold",
    "not_authenticated": "Nobody is signed in",
    "permission_denied": "You may not do this",
    "not_found": "There is no such thing",
    "method_not_allowed": "This cannot be done here",
    "not_acceptable": "There is no such format to answer in",
    "unsupported_media_type": "The body has a format that is not read here",
    "throttled": "Too many requests",
}


NO_DATABASE = (OperationalError, InterfaceError)  # locked for too long, full, or not there
NO_DATABASE_DETAIL = (
    "The portal's database is busy or away. Ask again, with the same Idempotency-Key if you sent one."
)
FAILED_DETAIL = "The portal failed. The error is in its log under this id."
RETRY_SOON = {"Retry-After": "1"}


def is_no_database(error: BaseException | None) -> bool:
    """Tell whether the database itself failed, and not what it was asked.

    A file that may grow no more, by a quota or a limit, is an internal error to PostgreSQL (SQLSTATE XX000).
    """
    if isinstance(error, InternalError):
        return str(getattr(error.__cause__, "sqlstate", "")).startswith("XX")
    return isinstance(error, NO_DATABASE)


class PortalError(Exception):
    """A request that cannot be done, with a stable code, an HTTP status and a sentence that says what to do."""

    status: int = status.HTTP_409_CONFLICT
    code = "conflict"
    title = "This cannot be done now"

    def __init__(self, detail: str, **members: Any) -> None:
        """Keep `detail`, a sentence for people, and `members`, extra members of the problem document."""
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Invalid(PortalError):
    """The request is understood and makes no sense."""

    status = status.HTTP_422_UNPROCESSABLE_ENTITY
    code = "invalid"
    title = "The request cannot be carried out as it stands"


class TooLong(PortalError):
    """There is more of the request than any has."""

    status = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    code = "too_long"
    title = "The request is too long"


class Broken(PortalError):
    """The request is broken, or breaks off."""

    status = status.HTTP_400_BAD_REQUEST
    code = "bad_request"
    title = "Bad request"


class TooMany(PortalError):
    """More is asked than there is an allowance for."""

    status = status.HTTP_429_TOO_MANY_REQUESTS
    code = "throttled"
    title = "Too many requests"

    def __init__(self, wait: int) -> None:
        """Ask the caller to wait `wait` seconds."""
        super().__init__(f"Wait {wait} s and ask again.")
        self.wait = wait


class Unavailable(PortalError):
    """Something that the portal needs is not there."""

    status = status.HTTP_503_SERVICE_UNAVAILABLE
    code = "unavailable"
    title = "Try again in a moment"


def problem(status_code: int, code: str, title: str, detail: str, **members: Any) -> dict[str, Any]:
    """Return a problem document (RFC 9457)."""
    kind = {"type": f"urn:commsportal:problem:{code}", "code": code}
    return kind | {"title": title, "status": status_code, "detail": detail} | members


def failure(error_id: str) -> dict[str, Any]:
    """Return the problem document of an unexpected error: nothing but the id that its log record has."""
    return problem(500, "internal", TITLES["error"], FAILED_DETAIL, error_id=error_id)


def response(status_code: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Return `body` as `application/problem+json`."""
    return Response(body, status=status_code, headers=headers, content_type="application/problem+json")


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of an API view into a problem document."""
    set_rollback()
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        exc = TooLong("Nothing that can be asked for takes so long a body.")
    if isinstance(exc, (SuspiciousOperation, UnreadablePostError)):
        exc = Broken("The request could not be read.")
    if is_no_database(exc):
        logger.error("the database could not be asked", exc_info=exc)
        exc = Unavailable(NO_DATABASE_DETAIL)
    if isinstance(exc, PortalError):
        headers = RETRY_SOON if isinstance(exc, Unavailable) else None
        return response(exc.status, problem(exc.status, exc.code, exc.title, exc.detail, **exc.members), headers)
    if isinstance(exc, exceptions.APIException):
        return _framework_problem(exc)
    error_id = tracing.ids().get("request_id") or tracing.new_id()
    logger.error("unexpected error %s", error_id, exc_info=exc)
    return response(500, failure(error_id))


def _framework_problem(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait))  # type: ignore[attr-defined]
    members: dict[str, Any] = {}
    detail = str(exc.detail)
    if isinstance(exc, exceptions.ValidationError):
        members["errors"] = exc.detail
        detail = "Some values are missing or wrong; see errors."
    code = exc.default_code
    body = problem(exc.status_code, code, TITLES.get(code, "The request was refused"), detail, **members)
    return response(exc.status_code, body, headers)
