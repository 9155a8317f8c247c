"""A running simulator as its clients see it, and a webhook that it can notify."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msal
import requests

SERVICE_HOSTED = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
NUMBER = {"phone": "+442079460101"}
PATIENCE = 60  # seconds; a limit against hanging
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, webhook: str) -> tuple[subprocess.Popen[str], str]:
    """Start a simulator on free ports, wait for its ready line and return it with its plain address."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "SIM_"))}
    env |= {"SIM_PORT": str(free_port()), "SIM_TLS_PORT": str(free_port()), "DATA_DIR": str(folder)}
    env |= {"SCENARIO": "quiet", "SIM_WEBHOOK_URL": webhook, "SIM_ALLOW_HTTP_CALLBACKS": "1"}
    with (folder / "log").open("a") as log:
        command = [sys.executable, "-m", "simulator"]
        child = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
    assert child.stdout
    ready = child.stdout.readline()
    assert ready.startswith("simulator ready "), (folder / "log").read_text()
    return child, ready.split()[2]


def stop(child: subprocess.Popen[str]) -> int:
    """Ask a simulator to stop and return its exit status."""
    child.terminate()
    status = child.wait(PATIENCE)
    if child.stdout:
        child.stdout.close()
    return status


@dataclass(frozen=True)
class Taken:
    """Hold one POST that arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def items(self) -> list[dict[str, Any]]:
        """Return the notifications of the body; the older format has none."""
        return list(self.body.get("value", []))

    @property
    def call_id(self) -> str:
        """Return the call it is about."""
        return str(self.items[0]["resourceUrl"].split("/")[3]) if self.items else str(self.body.get("id"))

    @property
    def state(self) -> str:
        """Return the state it tells."""
        if not self.items:
            return "legacy"
        data = self.items[0]["resourceData"]
        return "" if isinstance(data, list) else str(data.get("state", ""))

    @property
    def roster(self) -> list[dict[str, Any]]:
        """Return the whole roster, if it is one."""
        data = self.items[0]["resourceData"] if self.items else None
        return data if isinstance(data, list) else []


class Webhook:
    """Take notifications; answer offers with the statuses laid out for it, 202 when there are none left."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.statuses: list[int] = []
        self.earlier: set[str] = set()  # calls of tests before, of which something may still be on its way
        self._news = threading.Condition()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = hook.take(Taken(self.path, dict(self.headers), body))
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, post: Taken) -> int:
        """Remember a POST and return the status to answer with; what earlier calls still tell is always taken."""
        with self._news:
            self.taken.append(post)
            self._news.notify_all()
            is_offer = post.state in ("incoming", "legacy") and post.call_id not in self.earlier
            return self.statuses.pop(0) if self.statuses and is_offer else 202

    def wait(self, wanted: Callable[[list[Taken]], Any], call_id: str = "") -> list[Taken]:
        """Wait until what arrived (of one call) is as wanted, and return it."""
        with self._news:
            done = self._news.wait_for(lambda: wanted(self.of(call_id)), PATIENCE)
            assert done, [(post.state, post.call_id) for post in self.taken]
            return self.of(call_id)

    def wait_for_state(self, call_id: str, state: str) -> list[Taken]:
        """Wait until a state was told of a call."""
        return self.wait(lambda posts: any(post.state == state for post in posts), call_id)

    def of(self, call_id: str) -> list[Taken]:
        """Return what arrived of one call, or of all."""
        return [post for post in self.taken if call_id in ("", post.call_id)]

    def clear(self, earlier: Iterable[str]) -> None:
        """Forget; the calls there have been are no matter of what comes now."""
        with self._news:
            self.taken.clear()
            self.statuses.clear()
            self.earlier.update(earlier)

    def stop(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()


class Running:
    """Talk to a running simulator on both of its ports."""

    def __init__(self, base: str, folder: Path) -> None:
        self.base = base
        self.folder = folder
        self.plain = requests.Session()
        self.plain.trust_env = False

    def get(self, path: str) -> Any:
        """Read from the plain port."""
        answer = self.plain.get(f"{self.base}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: object) -> Any:
        """Move a switch."""
        answer = self.plain.put(f"{self.base}{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, status: int = 200) -> Any:
        """Post to the plain port."""
        answer = self.plain.post(f"{self.base}{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def faults(self, **changes: object) -> dict[str, Any]:
        """Move switches and return them all."""
        return dict(self.put("/api/faults", changes) if changes else self.get("/api/faults"))

    def ring(self, caller: dict[str, str] = NUMBER, line: str = "main") -> str:
        """Ring a line and return the call's id."""
        return str(self.post("/api/calls", {"from": caller, "to": line}, 201)["id"])

    def person(self, name: str) -> dict[str, Any]:
        """Return a person by the beginning of the sign-in name."""
        return next(row for row in self.get("/api/people") if row["upn"].startswith(f"{name}@"))

    @cached_property
    def connection(self) -> dict[str, str]:
        """Return how to connect."""
        return dict(self.get("/api/connection"))

    def session(self) -> requests.Session:
        """Return a session that trusts the simulator's authority and nobody else's settings."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.connection["ca"]
        return session

    def client(self, credential: Any = None, authority: str = "") -> msal.ConfidentialClientApplication:
        """Return MSAL as an application would use it."""
        return msal.ConfidentialClientApplication(
            self.connection["client_id"],
            client_credential=credential or self.connection["client_secret"],
            authority=authority or self.connection["authority"],
            instance_discovery=False,
            http_client=self.session(),
        )

    def token(self) -> str:
        """Return an access token for Graph."""
        result = self.client().acquire_token_for_client(["https://graph.microsoft.com/.default"])
        return str(result["access_token"])

    @cached_property
    def signed_in(self) -> requests.Session:
        """Return a session with a token in it."""
        session = self.session()
        session.headers["Authorization"] = f"Bearer {self.token()}"
        return session

    def graph(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        """Ask Graph."""
        url = f"{self.connection['graph']}{path}"
        return self.signed_in.request(method, url, json=body, **options)

    def answer(self, call_id: str, callback: str, **options: Any) -> requests.Response:
        """Have the application answer a call."""
        body = {"callbackUri": callback, "acceptedModalities": ["audio"], "mediaConfig": SERVICE_HOSTED}
        return self.graph("POST", f"/communications/calls/{call_id}/answer", body, **options)
