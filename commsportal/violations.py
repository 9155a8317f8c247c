"""Where browsers report what the Content-Security-Policy has stopped: counted and logged, not stored."""

import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from commsportal import throttles
from commsportal.errors import Broken, TooLong, TooMany
from commsportal.failures import refusal

LONGEST_REPORT: Final = 8 * 1024
OTHER: Final = "other"
REPORTS = Counter("portal_csp_reports", "What the Content-Security-Policy has stopped", ["directive"])

logger = logging.getLogger(__name__)


@csrf_exempt
@login_not_required
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Take a report from anybody; it is a hint, whose words are a stranger's."""
    wait = throttles.reports.take("all")
    if wait:
        return refusal(TooMany(wait))
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_REPORT:
        return refusal(TooLong("No report is so long."))
    try:
        told = _read(request.body)
    except ValueError:
        return refusal(Broken("This is no report of a violation."))
    directive = _directive(told)
    REPORTS.labels(directive).inc()
    where, what = _place(told.get("document-uri")), _place(told.get("blocked-uri"))
    logger.warning("the policy stopped something: %s at %s, from %s", directive, where, what)
    return HttpResponse(status=204)


def _read(body: bytes) -> Mapping[str, Any]:
    """:raises ValueError: when it is no report."""
    read = orjson.loads(body)
    told = read.get("csp-report") if isinstance(read, dict) else None
    if not isinstance(told, dict):
        raise ValueError("no report")
    return told


def _directive(told: Mapping[str, Any]) -> str:
    """Return which of our directives was broken: a stranger's word becomes no label."""
    named = told.get("effective-directive") or told.get("violated-directive")
    words = named.split() if isinstance(named, str) else []
    first = words[0].removesuffix("-elem").removesuffix("-attr") if words else ""
    return first if first in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] else OTHER


def _place(address: object) -> str:
    """Return scheme, host and path of an address, or the keyword that stands in its place."""
    if not isinstance(address, str):
        return "?"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "?"
    return f"{parts.scheme}:{parts.netloc.rpartition('@')[2]}{parts.path}"[:200].lstrip(":")
