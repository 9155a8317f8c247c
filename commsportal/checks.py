"""System checks: settings that cannot work, said at the start and not when the first call rings."""

import re
import sqlite3
from collections.abc import Collection
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

DECISION_RANGE = range(3, 15)  # Microsoft waits 15 s
SAFE_SQLITE = (3, 51, 3)
ADDRESS = re.compile(r"[a-z0-9._+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE | re.ASCII)
PRIVATE_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".test")


@register()
def decision_time(**kwargs: Any) -> list[CheckMessage]:
    """Require a fallback before Microsoft gives up."""
    if settings.RING_DECISION_SECONDS in DECISION_RANGE:
        return []
    hint = "Microsoft ends a call that nobody decided after 15 seconds."
    return [Error("RING_DECISION_SECONDS must be from 3 to 14.", hint=hint, id="commsportal.E001")]


@register()
def public_url(**kwargs: Any) -> list[CheckMessage]:
    """Require an address that links can be made of."""
    url = urlsplit(settings.PUBLIC_URL)
    problems: list[CheckMessage] = []
    if url.scheme not in ("http", "https") or not url.hostname or url.path or url.query or url.fragment:
        text = f"PUBLIC_URL must be scheme and host, not {settings.PUBLIC_URL!r}."
        problems.append(Error(text, id="commsportal.E002"))
    return problems


@register()
def callback_clock_skew(**kwargs: Any) -> list[CheckMessage]:
    """Require a leeway that does not keep expired tokens alive."""
    if 0 <= settings.CALLBACK_CLOCK_SKEW <= 300:
        return []
    return [Error("CALLBACK_CLOCK_SKEW must be from 0 to 300 seconds.", id="commsportal.E003")]


@register()
def allowances(**kwargs: Any) -> list[CheckMessage]:
    """Require limits and times that leave something."""
    names = ("API_REQUESTS_PER_MINUTE", "SIGN_INS_PER_MINUTE", "WEB_STATEMENT_SECONDS", "PARK_SECONDS")
    wrong = [name for name in names if getattr(settings, name) < 1]
    return [Error(f"{name} must be at least 1.", id="commsportal.E008") for name in wrong]


@register()
def sqlite_library(**kwargs: Any) -> list[CheckMessage]:
    """Warn of SQLite libraries that can corrupt a database with several writers."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return []
    text = f"SQLite {sqlite3.sqlite_version} has a rare race that corrupts databases with several writers."
    hint = "Use PostgreSQL (DATABASE_URL) for more than one worker, or SQLite 3.51.3 or later."
    return [Warning(text, hint=hint, id="commsportal.W001")]


@register(Tags.database)
def autovacuum(databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a PostgreSQL that plans for empty tables for ever; asked by `migrate` and `check --database`."""
    if not databases or connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SHOW autovacuum")
        (value,) = cursor.fetchone()
    if value == "on":
        return []
    text = "PostgreSQL runs without autovacuum: each call takes longer than the one before."
    return [Warning(text, hint="Set autovacuum = on in postgresql.conf.", id="commsportal.W002")]


@register()
def mail(**kwargs: Any) -> list[CheckMessage]:
    """Require, of those who send mail, an address to send it from and a server or folder to bring it to."""
    problems: list[CheckMessage] = []
    places = [
        name for name, value in (("HOST", settings.EMAIL_HOST), ("FOLDER", settings.EMAIL_FILE_PATH)) if value
    ]
    if len(places) > 1:
        problems.append(Error("Set one of EMAIL_HOST and EMAIL_FOLDER, not both.", id="commsportal.E009"))
    if bool(places) is not bool(settings.MAIL_FROM):
        text = "MAIL_FROM needs EMAIL_HOST (or EMAIL_FOLDER), and each of them MAIL_FROM."
        problems.append(Error(text, id="commsportal.E010"))
    if settings.MAIL_FROM and not ADDRESS.fullmatch(settings.MAIL_FROM):
        text = f"MAIL_FROM must be an e-mail address and nothing else, not {settings.MAIL_FROM!r}."
        problems.append(Error(text, id="commsportal.E011"))
    return problems


@register(Tags.security, deploy=True)
def production_mail(**kwargs: Any) -> list[CheckMessage]:
    """Refuse, in production, mail that goes to a folder or in the clear through the network."""
    if settings.DEPLOYMENT != "production":
        return []
    problems: list[CheckMessage] = []
    if settings.EMAIL_FILE_PATH:
        problems.append(Error("EMAIL_FOLDER must be empty in production.", id="commsportal.E012"))
    is_here = settings.EMAIL_HOST in ("localhost", "127.0.0.1", "::1")
    if settings.EMAIL_HOST and settings.EMAIL_SECURITY == "none" and not is_here:
        text = "EMAIL_SECURITY must be starttls or tls for a mail server on another machine."
        problems.append(Error(text, id="commsportal.E013"))
    return problems


@register(Tags.security, deploy=True)
def production_address(**kwargs: Any) -> list[CheckMessage]:
    """Require https where strangers come by."""
    if settings.HTTPS:
        return []
    return [Error("PUBLIC_URL must be https in production.", id="commsportal.E004")]


@register(Tags.security, deploy=True)
def production_hosts(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to answer to any name whatsoever."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [Error("ALLOWED_HOSTS must not contain * in production.", id="commsportal.E005")]


@register(Tags.security, deploy=True)
def production_is_not_a_demo(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a simulator, a private authority and debugging in production."""
    if settings.DEPLOYMENT != "production":
        return []
    offenders = [name for name in ("SIMULATOR_URL", "GRAPH_CA_FILE", "DEBUG") if getattr(settings, name)]
    text = "{} must be empty in production."
    return [Error(text.format(name), id="commsportal.E006") for name in offenders]


@register(Tags.security, deploy=True)
def production_asks_the_real_microsoft(**kwargs: Any) -> list[CheckMessage]:
    """Refuse plain http and addresses that only this machine or network has, such as a simulator's."""
    if settings.DEPLOYMENT != "production":
        return []
    asked = {
        "GRAPH_URL": [settings.GRAPH_URL],
        "GRAPH_LOGIN_URL": [settings.GRAPH_LOGIN_URL],
        "CALLBACK_OPENID_URLS": settings.CALLBACK_OPENID_URLS,
    }
    text = "{} must be a public https address in production, not {}."
    offenders = [(name, url) for name, urls in asked.items() for url in urls if not is_public_https(url)]
    return [Error(text.format(name, url), id="commsportal.E007") for name, url in offenders]


def is_public_https(address: str) -> bool:
    """Tell whether an address is https at a host that the internet knows."""
    url = urlsplit(address)
    host = (url.hostname or "").rstrip(".").lower()
    try:
        return url.scheme == "https" and ip_address(host).is_global
    except ValueError:
        return url.scheme == "https" and "." in host and not host.endswith(PRIVATE_NAMES)
