"""Is it alive, is it ready: `/healthz` and `/readyz`.

Ready means that a call could be taken now: web, database, worker, tokens and keys, and the simulator if the portal
is tied to one. Apps register what else must be there.
"""

import hmac
import http.client
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from commsportal.clock import now
from commsportal.models import Beat

FRESH = timedelta(seconds=6)
SIMULATOR_SECONDS = 1.0
FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")

Check = Callable[[], str]
_checks: dict[str, Check] = {}


def register(part: str, check: Check) -> None:
    """Have readiness depend on `check`, which returns what is missing, or nothing."""
    _checks[part] = check


def database() -> str:
    """Tell why the database does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def worker() -> str:
    """Tell that no worker has given a sign of life lately."""
    alive = Beat.objects.filter(kind="worker", at__gte=now() - FRESH).exists()
    return "" if alive else "no worker has given a sign of life lately"


def told_by_workers() -> list[str]:
    """Return the figures of the workers that are alive; none without a database."""
    alive = Beat.objects.filter(kind="worker", at__gte=now() - FRESH)
    try:
        return list(alive.values_list("figures", flat=True))
    except DatabaseError:
        connection.close()
        return []


def simulator() -> str:
    """Tell why the simulator does not answer, if the portal is tied to one."""
    if not settings.SIMULATOR_URL:
        return ""
    url = urlsplit(settings.SIMULATOR_URL)
    own = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=SIMULATOR_SECONDS)
    try:
        own.request("GET", "/healthz")
        status = own.getresponse().status
    finally:
        own.close()
    return "" if status == 200 else f"the simulator answers {status}"


def missing() -> dict[str, str]:
    """Return what is not ready, and why."""
    found: dict[str, str] = {}
    for part, check in {"database": database, "worker": worker, "simulator": simulator, **_checks}.items():
        try:
            why = check()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        if why:
            found[part] = why
    return found


def may_see_details(request: HttpRequest) -> bool:
    """Tell whether the request carries METRICS_TOKEN, or comes from this very machine outside production."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    if settings.DEPLOYMENT == "production" or any(name in request.headers for name in FORWARDING_HEADERS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process lives."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when a call could be taken now, else 503; what is missing is for those who may see details."""
    lacking = missing()
    answer: dict[str, object] = {"status": "not ready" if lacking else "ready"}
    if lacking and may_see_details(request):
        answer["missing"] = lacking
    return JsonResponse(answer, status=503 if lacking else 200)
