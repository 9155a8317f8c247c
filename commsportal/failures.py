"""Django's own error answers: problem documents for programs, pages for people."""

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from django.views import defaults

from commsportal import tracing
from commsportal.errors import (
    NO_DATABASE_DETAIL,
    RETRY_SOON,
    PortalError,
    TooMany,
    Unavailable,
    failure,
    is_no_database,
    problem,
)
from commsportal.middleware import API_PREFIXES

NOT_KEPT = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}


def _handler(
    status: int, code: str, title: str, detail: str, page: Callable[..., HttpResponse]
) -> Callable[..., Any]:
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.path.startswith(API_PREFIXES):
            return page(request, *args, **kwargs)
        body = problem(status, code, title, detail)
        return JsonResponse(body, status=status, content_type="application/problem+json")

    return answer


bad_request = _handler(400, "bad_request", "Bad request", "The request is broken.", defaults.bad_request)
denied = _handler(403, "permission_denied", "Not allowed", "This is not yours to do.", defaults.permission_denied)
not_found = _handler(404, "not_found", "Not found", "There is nothing at this address.", defaults.page_not_found)


def page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """Return a page that says what failed by an id alone; it asks neither the session nor the database."""
    context = {"error_id": tracing.ids().get("request_id", ""), "simulator_url": settings.SIMULATOR_URL}
    return HttpResponse(get_template(template).render(context), status=status)


def broken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer an unexpected error, which Django has put in the log."""
    if not request.path.startswith(API_PREFIXES):
        return page(request, "500.html", 500)
    error_id = tracing.ids().get("request_id", "")
    return JsonResponse(failure(error_id), status=500, content_type="application/problem+json")


def refusal(error: PortalError) -> HttpResponse:
    """Return what a program gets that asks a view outside of the API."""
    body = problem(error.status, error.code, error.title, error.detail, **error.members)
    headers = {"Retry-After": str(error.wait)} if isinstance(error, TooMany) else None
    return JsonResponse(body, status=error.status, headers=headers, content_type="application/problem+json")


without_database = _handler(
    Unavailable.status,
    Unavailable.code,
    Unavailable.title,
    NO_DATABASE_DETAIL,
    lambda request, *_, **__: page(request, "503.html", Unavailable.status),
)


_crowded = _handler(
    Unavailable.status,
    Unavailable.code,
    Unavailable.title,
    "The portal has too many requests at once. Ask again, with the same Idempotency-Key if you sent one.",
    lambda request, *_, **__: page(request, "503.html", Unavailable.status),
)


def crowded(request: HttpRequest) -> HttpResponse:
    """Answer when there is no place for a request: 503, and nobody keeps that answer."""
    return _soon(_crowded(request))


def _soon(answer: HttpResponse) -> HttpResponse:
    for name, value in (RETRY_SOON | NOT_KEPT).items():
        answer.headers.setdefault(name, value)
    return answer


def failed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer what no view has answered: 503 when the database is what fails, in a middleware too."""
    if not is_no_database(sys.exception()):
        return broken(request, *args, **kwargs)
    return _soon(without_database(request, *args, **kwargs))
