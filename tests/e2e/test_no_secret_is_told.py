"""Secrets of a run are in no log, entry, page, address, answer or figure: planted, used, and then looked for."""

import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from commsportal.leaks import SHAPES
from simulator.signing import KeyRing
from tests.e2e.databases import Database
from tests.e2e.running import Demo, wait_for
from tests.e2e.walking import Answer, Visitor
from tests.webhooks.notifications import body, item

PEOPLE = ("rita", "omar", "max", "ada", "una", "eve")
STARTS = (
    "/",
    "/console/",
    "/calls/",
    "/admin/",
    "/api/docs/",
    "/api/schema/",
    "/sign-in/",
    "/nothing/",
    "/metrics",
)
CALLER = "+14255550177"
RAW = re.compile(r"/admin/webhooks/delivery/\d+/body/$")
FLOWS = (
    "from django.contrib.sessions.models import Session; import json; "
    "print(json.dumps([s.get_decoded() for s in Session.objects.all()]))"
)

OWN = (
    "from django.contrib.sessions.models import Session; from directory import refresh_tokens as r; "
    "from directory.models import User; from directory.session_store import SessionStore; import json; "
    "kept = [(s.session_key, s.get_decoded()) for s in Session.objects.all()]; "
    "print(json.dumps([[d[r.KEPT], r.of(SessionStore(k), User.objects.get(pk=d['_auth_user_id']))] "
    "for k, d in kept if r.KEPT in d]))"
)


class Planted:
    """The secrets of a run by what each is, each of them used as it is meant to be, or as a stranger would."""

    def __init__(self, running: Demo) -> None:
        self.running = running
        self.visitors = [Visitor(running.url), *(Visitor(running.url, name) for name in PEOPLE)]
        self.values = dict(running.secrets())
        self.environment = dict(
            re.findall(r"^(\w+)='(.*)'$", (running.folder / "portal.env").read_text(), re.MULTILINE)
        )

    def canary(self, what: str, form: str = "{}") -> str:
        """Return a new secret."""
        self.values[what] = form.format(secrets.token_hex(16))
        return self.values[what]

    def plant(self) -> None:
        """Use every kind of secret."""
        self.sign_in_by_password()
        self.sign_in_by_microsoft()
        self.notify()
        self.try_what_is_wrong()
        self.ask_by_token()

    def sign_in_by_password(self) -> None:
        """Have everybody sign in: sessions, devices and CSRF secrets."""
        for visitor in self.visitors[1:]:
            visitor.sign_in(self.running.password)
            for cookie in visitor.session.cookies:
                self.values[f"the cookie {cookie.name} of {visitor.name}"] = str(cookie.value)

    def sign_in_by_microsoft(self) -> None:
        """Have somebody come by Microsoft, and somebody turn back on the way: codes, states, nonces, verifiers."""
        names = ("omar", "max", "rita")
        omar, max_, turned = (Visitor(self.running.url, f"{name} by Microsoft") for name in names)
        for visitor, name in ((omar, "Omar"), (max_, "Max"), (turned, "")):
            there = visitor.session.get(
                f"{self.running.url}/sign-in/microsoft/", allow_redirects=False, timeout=30
            )
            asked = dict(parse_qsl(urlsplit(there.headers["Location"]).query))
            if visitor is turned:
                self.note_flows()
                self.note_own_sign_ins()
                self.values |= {"a state": asked["state"], "a nonce's digest": asked["nonce"]}
                return
            address = f"{there.headers['Location']}&person={self.person(name)}"
            ca = str(self.running.folder / "simulator/ca.pem")
            back = requests.get(address, verify=ca, allow_redirects=False, timeout=30).headers["Location"]
            self.values[f"an authorization code of {name}"] = dict(parse_qsl(urlsplit(back).query))["code"]
            landed = visitor.keep(visitor.session.get(back, allow_redirects=False, timeout=30))
            assert landed.status_code == 302 and visitor.ask("/console/").status_code == 200
            self.visitors.append(visitor)

    def note_flows(self) -> None:
        """Read what the portal keeps in sessions of those who are on their way to Microsoft."""
        told = self.running.manage("shell", "-c", FLOWS)
        flows = [
            one["microsoft_flow"]["flow"] for one in json.loads(told.splitlines()[-1]) if "microsoft_flow" in one
        ]
        assert flows
        for flow in flows:
            self.values |= {"a PKCE verifier": flow["code_verifier"], "a nonce": flow["nonce"]}

    def note_own_sign_ins(self) -> None:
        """Read the refresh tokens that sessions keep, sealed and opened."""
        ((sealed, token),) = json.loads(self.running.manage("shell", "-c", OWN).splitlines()[-1])
        self.values |= {"a sealed refresh token": sealed, "a refresh token": token}

    def person(self, name: str) -> str:
        """Return the id of one of Contoso's people."""
        found = self.running.simulator("GET", "/api/people")
        return next(one["id"] for one in found if one["name"].startswith(name))

    def notify(self) -> None:
        """Send what Microsoft sends: a signed token, a recording's token, tones, and a callback's own query."""
        self.running.heard_strangers = True
        at, ring = int(time.time()), KeyRing(self.running.folder / "simulator/callback-keys.json")
        claims = {"iss": "https://graph.microsoft.com", "aud": self.environment["GRAPH_CLIENT_ID"]}
        token = ring.sign(claims | {"tid": self.environment["GRAPH_TENANT_ID"], "nbf": at - 60, "exp": at + 3600})
        self.values["a signed notification token"] = token
        call, tone = str(uuid.uuid4()), {"sequenceId": 1, "tone": self.canary("a tone", "tone{}")}
        told = item(call, "established", "updated")
        told["resourceData"] |= {
            "toneInfo": tone | {"@odata.type": "#microsoft.graph.toneInfo"},
            "recordingLocation": "https://recordings.example/1",
            "recordingAccessToken": self.canary("a recording's token"),
        }
        address = f"{self.running.url}/webhooks/graph/calls?operation={self.canary('a callback token')}"
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.post(address, json=body(told), headers=headers, timeout=30).status_code == 202

    def try_what_is_wrong(self) -> None:
        """Have a stranger try secrets of their own, in all the wrong places."""
        url, nobody = self.running.url, self.visitors[0]
        nobody.name = "rita"
        nobody.sign_in(self.canary("a wrong password"))
        nobody.name = ""
        wrong = self.canary("a code in an answer that nobody asked for")
        nobody.ask(f"/sign-in/microsoft/callback/?code={wrong}&state={wrong}&id_token={wrong}")
        bearer = {"Authorization": f"Bearer cp_00000000_{self.canary('an API token of nobody', '{}' + 'x' * 11)}"}
        for path in ("/api/v1/calls/", "/api/v1/me/", "/metrics"):
            nobody.keep(requests.get(url + path, headers=bearer, timeout=30))
        forged = self.canary("a forged notification token", "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.{}")
        nobody.keep(
            requests.post(f"{url}/webhooks/graph/calls", headers={"Authorization": f"Bearer {forged}"}, timeout=30)
        )
        address = f"{url.replace('http', 'ws', 1)}/ws/console/?token={self.canary('a token in an address')}"
        with pytest.raises(InvalidStatus), connect(address, proxy=None):
            pass

    def ask_by_token(self) -> None:
        """Have a call decided by token, and all lists of the API read by everybody."""
        rita = self.running.client("rita")
        graph_id = self.running.ring(phone=CALLER)
        call = wait_for(lambda: rita.call(graph_id), "call")
        assert rita.post(f"calls/{call['id']}/redirect/").status_code == 202
        wait_for(lambda: rita.get(f"calls/{call['id']}/")["outcome"] == "taken", "redirect")
        self.values["an API token of rita"] = rita.token
        paths = self.running_paths(call["id"], rita)
        for visitor in self.visitors:
            for path in paths:
                visitor.ask(path)

    def running_paths(self, call: str, rita: Any) -> list[str]:
        """Return the address of every GET of the OpenAPI document, with the ids of rows that there are."""
        schema = rita.session.get(f"{self.running.url}/api/schema/?format=json", timeout=30).json()
        operation = rita.get(f"calls/{call}/")["operation"]["id"]
        found = [path for path, verbs in schema["paths"].items() if "get" in verbs]
        return [re.sub(r"{\w+}", operation if "operations" in path else call, path) for path in found]


def hits(text: str, values: dict[str, str]) -> Iterator[str]:
    """Yield what a text tells of secrets: planted ones, and whatever looks like a token or a key."""
    yield from (what for what, value in values.items() if value in text)
    yield from (what for what, (_, shape) in SHAPES.items() if shape.search(text))


def leaks(answers: Iterable[Answer], who: str, values: dict[str, str]) -> Iterator[str]:
    """Yield what the portal told somebody of secrets.

    Whoever may read raw bodies sees recordings' tokens there: they are needed later, and that is on record.
    """
    for answer in answers:
        allowed = {"a recording's token"} if RAW.search(answer.address) else set()
        for what in {*hits(answer.text, values)} - allowed:
            yield f"{what} was told to {who or 'nobody'} at {answer.address}"


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the logs of all processes."""
    for log in (folder / "logs").glob("*.log"):
        yield log.name, log.read_text(errors="replace")


@pytest.mark.timeout(1800)
@pytest.mark.control("I13")
@pytest.mark.control("P3")
def test_every_secret_of_a_run_is_looked_for_everywhere(own_demo: Callable[..., Demo]) -> None:
    running = own_demo().start()
    planted = Planted(running)
    planted.plant()
    assert len(planted.values) >= 20 and all(len(value) >= 8 for value in planted.values.values())
    found = []
    for visitor in planted.visitors:
        visitor.walk(*STARTS)
        found += leaks(visitor.heard, visitor.name, planted.values)
    rows = Database(running.folder).rows("select seq, kind, actor, text from audit_entry")
    for name, text in [*files(running.folder), *((f"entry {row[0]}", json.dumps(row)) for row in rows)]:
        found += [f"{what} is in {name}" for what in hits(text, planted.values)]
    assert found == []
    assert_that_it_was_looked_at(planted, {str(row[1]) for row in rows})


def assert_that_it_was_looked_at(planted: Planted, kinds: set[str]) -> None:
    """Show that the walks came everywhere: what is meant to be told was told, to whom it may be."""
    told = {visitor.name: visitor.heard for visitor in planted.visitors}
    for name in ("rita", "max", "ada", "una"):
        assert sum(CALLER in answer.text for answer in told[name]) >= 2, name
    assert not any(CALLER in answer.text for name in ("", "eve") for answer in told[name])
    assert any(RAW.search(answer.address) and answer.status == 200 for answer in told["ada"])
    assert {"raw.read", "sign_in.ok", "sign_in.refused"} <= kinds
    statuses = {answer.status for heard in told.values() for answer in heard}
    assert {200, 302, 401, 403, 404} <= statuses
    assert "openapi" in "".join(a.text for a in told["rita"] if "/api/schema" in a.address)
    assert "portal_" in "".join(a.text for a in told["ada"] if a.address.endswith("/metrics"))
