"""System checks: each refuses what it is for, and the defaults pass."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error
from django.db import connection
from pytest_django import Settings

from commsportal import checks

pytestmark = pytest.mark.control("P7")


@pytest.mark.control("H6")
@pytest.mark.parametrize(
    ("check", "setting", "good", "bad"),
    [
        (checks.decision_time, "RING_DECISION_SECONDS", [3, 12, 14], [0, 2, 15, 60]),
        (checks.public_url, "PUBLIC_URL", ["https://portal.example", "http://localhost:8000"],
         ["portal.example", "ftp://x", "https://x/path", "https://", "https://x?y=1"]),
        (checks.callback_clock_skew, "CALLBACK_CLOCK_SKEW", [0, 60, 300], [-1, 301]),
        (checks.allowances, "API_REQUESTS_PER_MINUTE", [1, 1200], [0, -1]),
        (checks.allowances, "SIGN_INS_PER_MINUTE", [1, 120], [0, -1]),
        (checks.allowances, "PARK_SECONDS", [1, 120], [0, -1]),
        (checks.allowances, "WEB_STATEMENT_SECONDS", [1, 5], [0, -1]),
        (checks.production_address, "HTTPS", [True], [False]),
        (checks.production_hosts, "ALLOWED_HOSTS", [["portal.example"], []], [["*"], ["a", "*"]]),
    ],
)  # fmt: skip
def test_each_check_refuses_what_it_is_for(
    settings: Settings,
    check: Callable[[], list[CheckMessage]],
    setting: str,
    good: list[object],
    bad: list[object],
) -> None:
    for value in good:
        setattr(settings, setting, value)
        assert check() == [], value
    for value in bad:
        setattr(settings, setting, value)
        assert [type(message) for message in check()] == [Error], value


@pytest.mark.control("P1")
@pytest.mark.parametrize("name", ["SIMULATOR_URL", "GRAPH_CA_FILE", "DEBUG"])
def test_a_demo_is_not_a_production(settings: Settings, name: str) -> None:
    settings.DEPLOYMENT = "production"
    assert checks.production_is_not_a_demo() == []
    setattr(settings, name, "something")
    (message,) = checks.production_is_not_a_demo()
    assert name in message.msg
    settings.DEPLOYMENT = "demo"
    assert checks.production_is_not_a_demo() == []


@pytest.mark.control("E2")
@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({}, []),
        ({"MAIL_FROM": "desk@portal.example", "EMAIL_HOST": "mail.example"}, []),
        ({"MAIL_FROM": "desk@portal.example", "EMAIL_FILE_PATH": "mail"}, []),
        ({"MAIL_FROM": "desk@portal.example"}, ["E010"]),
        ({"EMAIL_HOST": "mail.example"}, ["E010"]),
        ({"MAIL_FROM": "desk@portal.example", "EMAIL_HOST": "a", "EMAIL_FILE_PATH": "b"}, ["E009"]),
        ({"MAIL_FROM": "Desk <desk@portal.example>", "EMAIL_HOST": "a"}, ["E011"]),
        ({"MAIL_FROM": "desk@portal.example\nBcc: a@b.example", "EMAIL_HOST": "a"}, ["E011"]),
        ({"MAIL_FROM": "desk", "EMAIL_HOST": "a"}, ["E011"]),
    ],
)
def test_mail_has_a_sender_and_a_way_out(settings: Settings, values: dict[str, str], ids: list[str]) -> None:
    for name in ("MAIL_FROM", "EMAIL_HOST", "EMAIL_FILE_PATH"):
        setattr(settings, name, values.get(name, ""))
    assert [message.id for message in checks.mail()] == [f"commsportal.{one}" for one in ids]


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"EMAIL_HOST": "mail.example", "EMAIL_SECURITY": "starttls"}, []),
        ({"EMAIL_HOST": "localhost", "EMAIL_SECURITY": "none"}, []),
        ({"EMAIL_HOST": "mail.example", "EMAIL_SECURITY": "none"}, ["E013"]),
        ({"EMAIL_FILE_PATH": "mail"}, ["E012"]),
    ],
)
def test_a_production_mails_to_people_and_not_in_the_clear(
    settings: Settings, values: dict[str, str], ids: list[str]
) -> None:
    for name in ("EMAIL_HOST", "EMAIL_SECURITY", "EMAIL_FILE_PATH"):
        setattr(settings, name, values.get(name, ""))
    assert checks.production_mail() == []
    settings.DEPLOYMENT = "production"
    assert [message.id for message in checks.production_mail()] == [f"commsportal.{one}" for one in ids]


def test_an_sqlite_library_with_a_known_race_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.connection, "vendor", "sqlite", raising=False)
    for version, count in (((3, 40, 1), 1), ((3, 51, 3), 0)):
        monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", version)
        assert len(checks.sqlite_library()) == count


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "count"), [("on", 0), ("off", 1)])
def test_a_postgresql_without_autovacuum_is_named(monkeypatch: pytest.MonkeyPatch, value: str, count: int) -> None:
    if connection.vendor == "postgresql":
        real = connection.cursor
        monkeypatch.setattr(connection, "cursor", lambda: Answering(real(), value))
        assert len(checks.autovacuum(databases=["default"])) == count
    assert checks.autovacuum(databases=None) == []


class Answering:
    """A cursor that is really asked, and then tells what a server with the other setting would."""

    def __init__(self, cursor: Any, value: str) -> None:
        self.cursor, self.value = cursor, value

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *error: object) -> None:
        self.cursor.close()

    def execute(self, statement: str) -> None:
        self.cursor.execute(statement)

    def fetchone(self) -> tuple[str]:
        (told,) = self.cursor.fetchone()
        assert told in ("on", "off")
        return (self.value,)
