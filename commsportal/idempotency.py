"""Answer a repeated request as the first time: header `Idempotency-Key`, kept per person and path for 24 hours."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db.models import Min
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from commsportal.api import OrjsonRenderer
from commsportal.clock import now
from commsportal.errors import NO_DATABASE, Invalid, PortalError
from commsportal.locks import without_waiting
from commsportal.models import IdempotencyKey
from commsportal.worker import Duty

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    description="The same key and body get the same answer for 24 hours.",
)
KEEP = timedelta(hours=24)
TAKE_OVER = timedelta(seconds=10)  # none takes so long: its process crashed, and a call may still ring
KEPT_HEADERS = ("Location",)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class InFlight(PortalError):
    """The first request with this key has not been answered yet."""

    code = "in_flight"
    title = "The same request is being worked on"


class OtherBody(Invalid):
    """The key was used for something else."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class Answered(Exception):
    """The request was answered before; `row` holds the answer."""

    def __init__(self, row: IdempotencyKey) -> None:
        super().__init__(row.key)
        self.row = row


class IdempotentMixin:
    """A DRF view whose unsafe methods honour `Idempotency-Key`. Put it before the view class."""

    _held: IdempotencyKey | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look the key up once it is settled who asks and that they may."""
        key = request.headers.get(HEADER) if request.method not in SAFE_METHODS else None
        if key is not None:
            _ = request._request.body  # kept from here on: the check of a form's token reads it off the stream
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if key is not None:
            self._held = begin(request, key)

    def handle_exception(self, exc: Exception) -> Response:
        """Give the answer of the first time."""
        if isinstance(exc, Answered):
            return replayed(exc.row)
        return super().handle_exception(exc)  # type: ignore[misc,no-any-return]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Keep the answer for the next time."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if self._held is not None:
            finish(self._held, response)
            self._held = None
        return response


def begin(request: Request, key: str) -> IdempotencyKey:
    """Return the row that stands for this request in flight.

    :raises Answered: the same request was answered before.
    :raises InFlight, OtherBody, Invalid: it cannot be done under this key.
    """
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Invalid(f"{HEADER} is 1 to {LONGEST_KEY} printable characters.")
    at = now()
    IdempotencyKey.objects.filter(**_identity(request, key), created_at__lte=at - KEEP).delete()
    fresh = {"body_digest": _digest(request), "created_at": at}
    row, created = IdempotencyKey.objects.get_or_create(**_identity(request, key), defaults=fresh)
    if created:
        return row
    if row.body_digest != fresh["body_digest"]:
        raise OtherBody("Use a fresh key for another request.")
    if row.status is not None:
        raise Answered(row)
    return _take_over(row, at)


def _identity(request: Request, key: str) -> dict[str, Any]:
    path = request.path
    if len(path) > LONGEST_KEY:
        path = hashlib.sha256(path.encode()).hexdigest()
    return {"user_id": request.user.pk, "path": path, "key": key}


def _digest(request: Request) -> str:
    asked = f"{request.method} {request.META.get('QUERY_STRING', '')}\n".encode()
    # Keyed: a body may hold the passcode of a meeting, which a plain digest would let somebody guess.
    return salted_hmac(__name__, asked + request._request.body, algorithm="sha256").hexdigest()


def _take_over(row: IdempotencyKey, at: datetime) -> IdempotencyKey:
    mine = IdempotencyKey.objects.filter(
        pk=row.pk, status__isnull=True, created_at=row.created_at, created_at__lte=at - TAKE_OVER
    )
    if not mine.update(created_at=at):
        raise InFlight("Wait for its answer, then ask again with the same key.")
    row.created_at = at
    return row


def finish(row: IdempotencyKey, response: Response) -> None:
    """Keep the answer, or forget the key if the portal itself failed, so that it may be tried again."""
    mine = IdempotencyKey.objects.filter(pk=row.pk, created_at=row.created_at, status__isnull=True)
    if response.status_code >= 500:
        with suppress(*NO_DATABASE), without_waiting():
            mine.delete()
        return
    kept = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    if response.content_type:
        kept["Content-Type"] = response.content_type
    body = OrjsonRenderer().render(response.data).decode()
    mine.update(status=response.status_code, answer=orjson.dumps({"headers": kept, "body": body}).decode())


def replayed(row: IdempotencyKey) -> Response:
    """Return the answer that `row` keeps."""
    kept = orjson.loads(row.answer)
    headers = dict(kept["headers"])
    content_type = headers.pop("Content-Type", None)
    data = orjson.loads(kept["body"]) if kept["body"] else None
    headers["Idempotent-Replayed"] = "true"
    return Response(data, status=row.status, headers=headers, content_type=content_type)


def _claim_old(limit: int) -> Sequence[datetime]:
    cutoff = now() - KEEP
    return [cutoff] if IdempotencyKey.objects.filter(created_at__lte=cutoff).exists() else []


def _delete_before(cutoff: datetime) -> None:
    IdempotencyKey.objects.filter(created_at__lte=cutoff).delete()


def _next_old() -> datetime | None:
    oldest = IdempotencyKey.objects.aggregate(at=Min("created_at"))["at"]
    return oldest + KEEP if oldest else None


DUTY: Duty[datetime] = Duty("idempotency keys", 1, _claim_old, _delete_before, _next_old)
