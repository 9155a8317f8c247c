"""Where a demo runs: its ports, its data folder, its lock and the settings that all its processes share."""

import fcntl
import hashlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commsportal.environment import BASE_DIR
from demo.contoso import CONTOSO_FILE, contoso

PORTS = {"PORT": 8000, "SIM_PORT": 8100, "SIM_TLS_PORT": 8143}
SCENARIOS = ("gentle", "quiet", "lunch rush", "failed transfers", "escalation", "flaky Graph")
# A demo is driven by scripts that ask without pause, all from this machine.
ALLOWANCES = {"API_REQUESTS_PER_MINUTE": "100000", "SIGN_INS_PER_MINUTE": "10000"}
PASSED_ON = ("DATABASE_URL", "PUBLIC_URL", "RING_DECISION_SECONDS", "PARK_SECONDS", "LOG_LEVEL", "DEBUG")


class DemoError(Exception):
    """Something that the person at the terminal can mend; the message says how."""


@dataclass(frozen=True)
class Place:
    """A data folder and three ports."""

    folder: Path
    ports: Mapping[str, int]
    environ: Mapping[str, str]

    @property
    def portal_url(self) -> str:
        """Return the address to open."""
        return self.environ.get("PUBLIC_URL") or f"http://localhost:{self.ports['PORT']}"

    @property
    def simulator_url(self) -> str:
        """Return the address of the softphone and the switches."""
        return f"http://localhost:{self.ports['SIM_PORT']}"

    @property
    def simulator_tls_url(self) -> str:
        """Return the address of Graph, tokens and keys."""
        return f"https://localhost:{self.ports['SIM_TLS_PORT']}"

    @property
    def pids_file(self) -> Path:
        """Return where the process ids of the running children stand, by name."""
        return self.folder / "demo-processes.json"

    def web_server(self) -> str:
        """Return what the web process runs under: uvicorn unless WEB_SERVER says daphne.

        :raises DemoError: when WEB_SERVER is neither.
        """
        server = self.environ.get("WEB_SERVER") or "uvicorn"
        if server not in ("uvicorn", "daphne"):
            raise DemoError(f"WEB_SERVER must be uvicorn or daphne, not {server!r}.")
        return server

    def scenario(self) -> str:
        """Return which callers come by themselves.

        :raises DemoError: when SCENARIO is none of SCENARIOS.
        """
        scenario = self.environ.get("SCENARIO") or SCENARIOS[0]
        if scenario not in SCENARIOS:
            raise DemoError(f"SCENARIO must be one of {', '.join(SCENARIOS)}, not {scenario!r}.")
        return scenario

    def write_settings(self) -> None:
        """Write `portal.env`, so that `manage.py` on this folder sees what the demo's processes see."""
        lines = [f"{name}='{escape(value)}'" for name, value in self.settings().items()]
        write_private(self.folder / "portal.env", "\n".join(["# Written by make demo at each start.", *lines, ""]))

    def settings(self) -> dict[str, str]:
        """Return what the portal's processes read, by name."""
        tenant, simulator = contoso(), self.folder / "simulator"
        return {
            "DEPLOYMENT": "demo",
            **{name: str(port) for name, port in self.ports.items()},
            **{name: self.environ[name] for name in PASSED_ON if self.environ.get(name)},
            **{name: self.environ.get(name) or most for name, most in ALLOWANCES.items()},
            "SCENARIO": self.scenario(),
            "SIMULATOR_URL": self.simulator_url,
            "MAIL_FROM": "frontdesk@contoso.example",
            "MICROSOFT_DELEGATED": "on",
            "EMAIL_FOLDER": str(self.folder / "mail"),
            "GRAPH_URL": f"{self.simulator_tls_url}/v1.0",
            "GRAPH_LOGIN_URL": self.simulator_tls_url,
            "GRAPH_CA_FILE": str(simulator / "ca.pem"),
            "GRAPH_TENANT_ID": tenant["tenant_id"],
            "GRAPH_CLIENT_ID": tenant["client_id"],
            "GRAPH_CLIENT_SECRET_FILE": str(simulator / "client-secret"),
            "CALLBACK_OPENID_URLS": f"{self.simulator_tls_url}/v1/.well-known/OpenIdConfiguration",
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of the child processes: ours without strange settings, and `settings`."""
        kept = {
            k: v
            for k, v in self.environ.items()
            if not k.startswith(("GRAPH_", "CALLBACK_", "SIGN_IN_", "EMAIL_"))
        }
        simulator = {
            "SIM_CLIENT_SECRET_FILE": str(self.folder / "simulator" / "client-secret"),
            "SIM_WEBHOOK_URL": f"http://localhost:{self.ports['PORT']}/webhooks/graph/calls",
            "SIM_ALLOW_HTTP_CALLBACKS": "1",
        }
        return kept | simulator | self.settings() | {"DATA_DIR": str(self.folder), "PYTHONUNBUFFERED": "1"}

    def fingerprint(self) -> str:
        """Return a digest of all that seeding depends on: it need not run again while this stays."""
        sources = sorted(BASE_DIR.glob("*/migrations/*.py")) + sorted((BASE_DIR / "demo").glob("*.py"))
        digest = hashlib.sha256()
        for path in (*sources, CONTOSO_FILE):
            digest.update(path.relative_to(BASE_DIR).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def is_seeded(self) -> bool:
        """Tell cheaply whether migrations and seed are in the database; only SQLite can be told cheaply."""
        stamp = self.folder / "demo-seeded"
        known = (stamp, self.folder / "portal.sqlite3", self.folder / "demo-password")
        if self.environ.get("DATABASE_URL") or not all(path.is_file() for path in known):
            return False
        return stamp.read_text() == self.fingerprint()

    def note_seeded(self) -> None:
        """Remember that the database holds what the sources say."""
        write_private(self.folder / "demo-seeded", self.fingerprint())


def find_place(environ: Mapping[str, str]) -> Place:
    """Read ports and folder from the environment.

    :raises DemoError: when a port is no number, or when the environment is a production's.
    """
    if environ.get("DEPLOYMENT", "demo") != "demo":
        raise DemoError(f"DEPLOYMENT={environ['DEPLOYMENT']} is set: the demo does not run there; unset it.")
    folder = Path(environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
    return Place(folder, {name: read_port(name, environ) for name in PORTS}, environ)


def read_port(name: str, environ: Mapping[str, str]) -> int:
    """:raises DemoError: when the value is not a port's number."""
    value = environ.get(name) or str(PORTS[name])
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise DemoError(f"{name} must be a port's number, not {value!r}.")
    return int(value)


def check_ports(place: Place) -> None:
    """:raises DemoError: when somebody listens on one of the ports."""
    if len(set(place.ports.values())) < len(place.ports):
        raise DemoError(f"{', '.join(place.ports)} must differ.")
    for name, port in place.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                reason = error.strerror or error
                raise DemoError(
                    f"Port {port} is not free ({reason}). Stop what uses it, or choose another: "
                    f"make demo {name}={port + 1}"
                ) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the data folder for this demo alone; the lock goes with the process, however it ends.

    :raises DemoError: when another demo holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "demo.lock"
    file = lock(path)
    try:
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def lock(path: Path) -> int:
    """:raises DemoError: when somebody else holds the lock."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                return file  # else its last holder has just removed it
        except BlockingIOError:
            holder = os.read(file, 20).decode() or "?"
            os.close(file)
            raise DemoError(
                f"A demo already runs on {path.parent} (process {holder}). Stop it, or start this one elsewhere: "
                "make demo DATA_DIR=... PORT=... SIM_PORT=... SIM_TLS_PORT=..."
            ) from None
        os.close(file)


def escape(value: str) -> str:
    """Return a value as it stands between single quotes in an env file."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read; it appears whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
