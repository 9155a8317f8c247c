"""The process starts with what it kept and stops whatever it waits for."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from .process import Running, start, stop


def test_authority_keys_and_secret_are_kept(tmp_path: Path) -> None:
    kept = ("ca.pem", "server.pem", "directory-keys.json", "callback-keys.json", "client-secret")
    contents = []
    for _ in range(2):
        child, _base = start(tmp_path, "http://127.0.0.1:9/webhook")
        contents.append([(tmp_path / "simulator" / name).read_bytes() for name in kept])
        assert stop(child) == 0
    assert contents[0] == contents[1]


def test_a_webhook_that_never_answers_does_not_hold_the_end_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        child, base = start(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/webhook")
        Running(base, tmp_path).ring()
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            assert stop(child) == 0
    with socket.create_server(("127.0.0.1", urlsplit(base).port or 0)) as freed:
        assert freed.getsockname()[1] == urlsplit(base).port
