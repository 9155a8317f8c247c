"""The simulator's settings, all from the environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = ("gentle", "quiet", "lunch rush", "failed transfers", "escalation", "flaky Graph")


@dataclass(frozen=True)
class Config:
    """Say where the simulator listens, keeps its things and sends its notifications."""

    port: int
    tls_port: int
    folder: Path
    scenario: str
    client_secret: str
    webhook: str
    http_callbacks: bool

    @property
    def plain_url(self) -> str:
        """Return the address of the softphone, the switches and the sign-in page."""
        return f"http://localhost:{self.port}"

    @property
    def tls_url(self) -> str:
        """Return the address of Graph, tokens and keys."""
        return f"https://localhost:{self.tls_port}"

    @property
    def certificate_file(self) -> Path:
        """Return where a certificate is looked for that the application may prove itself with."""
        return self.folder / "client-certificate.pem"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def read_secret(path: Path) -> str:
    """Read the application's secret, or make one up where there is none."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def read_port(env: Mapping[str, str], name: str, default: int) -> int:
    """:raises ValueError: when the value is no port's number."""
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise ValueError(f"{name} must be a port's number, not {value!r}")
    return int(value)


def read_scenario(env: Mapping[str, str]) -> str:
    """:raises ValueError: when there is no such scenario."""
    name = env.get("SCENARIO") or "gentle"
    if name not in SCENARIOS:
        raise ValueError(f"SCENARIO must be one of {', '.join(SCENARIOS)}, not {name!r}")
    return name


def from_environment(env: Mapping[str, str] = os.environ) -> Config:
    """Read the settings, and make the folder that holds the simulator's certificates and keys.

    :raises ValueError: when one of them cannot work.
    """
    folder = Path(env.get("DATA_DIR") or "var").resolve() / "simulator"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    portal = f"http://localhost:{env.get('PORT') or '8000'}"
    return Config(
        port=read_port(env, "SIM_PORT", 8100),
        tls_port=read_port(env, "SIM_TLS_PORT", 8143),
        folder=folder,
        scenario=read_scenario(env),
        client_secret=read_secret(Path(env.get("SIM_CLIENT_SECRET_FILE") or folder / "client-secret")),
        webhook=env.get("SIM_WEBHOOK_URL") or f"{portal}/webhooks/graph/calls",
        http_callbacks=env.get("SIM_ALLOW_HTTP_CALLBACKS") == "1",
    )
