"""Django's own error answers: problem documents for programs, pages for people."""

import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from commsportal.errors import NO_DATABASE, NO_DATABASE_DETAIL, RETRY_SOON, Unavailable, problem
from commsportal.middleware import API_PREFIXES


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
broken = _handler(500, "internal", "The portal failed", "The error is in the portal's log.", defaults.server_error)
without_database = _handler(
    Unavailable.status, Unavailable.code, Unavailable.title, NO_DATABASE_DETAIL, defaults.server_error
)


def failed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer what no view has answered: 503 when the database is what fails, in a middleware too."""
    if not isinstance(sys.exception(), NO_DATABASE):
        return broken(request, *args, **kwargs)  # type: ignore[no-any-return]
    answer: HttpResponse = without_database(request, *args, **kwargs)
    answer.status_code = Unavailable.status
    for name, value in RETRY_SOON.items():
        answer[name] = value
    return answer
