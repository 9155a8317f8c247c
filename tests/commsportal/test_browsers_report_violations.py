"""Reports of what the Content-Security-Policy stopped: bounded, counted, logged without the stranger's words."""

from typing import Any

import orjson
import pytest
from django.conf import settings
from django.test import Client

from commsportal import throttles
from commsportal.violations import LONGEST_REPORT, REPORTS

pytestmark = pytest.mark.control("H3")
TOLD = {
    "document-uri": "http://localhost:8000/calls/?q=canary",
    "blocked-uri": "https://me:canary@evil.example/x.js?canary=1",
    "effective-directive": "script-src-elem",
}


@pytest.fixture(autouse=True)
def _fresh_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "reports", throttles.Allowance(lambda: 4, lambda: 0.0))


def post(body: Any) -> Any:
    """Report as a browser does: without cookie, token or form."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Client(enforce_csrf_checks=True, HTTP_HOST="localhost:8000").post(
        "/csp-reports", raw, content_type="application/csp-report"
    )


def counted(directive: str) -> float:
    """Return how many reports of a directive were counted."""
    return REPORTS.labels(directive)._value.get()


def test_every_policy_names_the_address() -> None:
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["report-uri"] == ["/csp-reports"]
    policy = Client(HTTP_HOST="localhost:8000").get("/healthz")["Content-Security-Policy"]
    assert "report-uri /csp-reports" in policy


def test_a_report_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    before = counted("script-src")
    assert post({"csp-report": TOLD}).status_code == 204
    assert counted("script-src") == before + 1
    (record,) = caplog.records
    assert record.getMessage() == (
        "the policy stopped something: script-src at http:localhost:8000/calls/, from https:evil.example/x.js"
    )


@pytest.mark.parametrize("named", ["made-up", "", None, 7, ["x"], "default-src\r\nforged", "x" * 1000])
def test_a_strangers_word_becomes_no_label(named: Any) -> None:
    before = len(REPORTS.collect()[0].samples)  # type: ignore[attr-defined]
    counted("other"), counted("default-src")
    here = len(REPORTS.collect()[0].samples)  # type: ignore[attr-defined]
    assert post({"csp-report": TOLD | {"effective-directive": named}}).status_code == 204
    assert len(REPORTS.collect()[0].samples) == here >= before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"csp-report": 1}', 400),
        (b"\xff", 400),
        (b"[" * 5000, 400),
        (b'{"csp-report": {}}', 204),
        (b'{"csp-report": {"blocked-uri": "https://[", "document-uri": 3}}', 204),
        (b'{"csp-report": {}}' + b" " * LONGEST_REPORT, 413),
    ],
)
def test_odd_and_long_ones_are_refused(body: bytes, status: int) -> None:
    assert post(body).status_code == status


def test_more_than_so_many_wait() -> None:
    assert [post({"csp-report": TOLD}).status_code for _ in range(5)] == [204, 204, 204, 204, 429]
    refused = post({"csp-report": TOLD})
    assert refused["Retry-After"] == "15" and refused["Content-Type"] == "application/problem+json"
