"""Problem details (RFC 9457) of the plain port."""

from http import HTTPStatus

from django.http import HttpResponse, JsonResponse

from simulator.reading import parse_json


class Problem(Exception):
    """A request to the simulator itself that cannot be met; the text is for the reader."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def problem(status: int, detail: str) -> HttpResponse:
    """Return a problem as an answer."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def read_object(body: bytes) -> dict[str, object]:
    """Return a body as a JSON object.

    :raises Problem: if it is none.
    """
    try:
        value = parse_json(body or b"{}")
    except ValueError:
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Problem(400, "The body must be a JSON object.")
    return value
