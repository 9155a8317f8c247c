"""Where a demo runs: ports, folder, lock, settings."""

import socket
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from commsportal.environment import BASE_DIR, Environment
from demo.place import DemoError, check_ports, find_place, locked


def place(tmp_path: Path, **environ: str):
    return find_place({"DATA_DIR": str(tmp_path), **environ})


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def test_ports_have_the_documented_defaults(tmp_path: Path) -> None:
    assert place(tmp_path).ports == {"PORT": 8000, "SIM_PORT": 8100, "SIM_TLS_PORT": 8143}
    assert place(tmp_path, PORT="9000", SIM_PORT="").ports["PORT"] == 9000


@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path: Path, value: str) -> None:
    with pytest.raises(DemoError, match="SIM_PORT"):
        place(tmp_path, SIM_PORT=value)


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        first, second = free_ports(2)
        port = busy.getsockname()[1]
        here = place(tmp_path, PORT=str(first), SIM_PORT=str(second), SIM_TLS_PORT=str(port))
        with pytest.raises(DemoError, match=f"{port} is not free"):
            check_ports(here)


def test_ports_must_differ(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="differ"):
        check_ports(place(tmp_path, PORT="9000", SIM_PORT="9000"))


def test_a_second_demo_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DemoError, match="already runs"), locked(tmp_path):
        pass
    assert not (tmp_path / "demo.lock").exists()
    with locked(tmp_path):
        pass


def test_a_lock_left_by_a_killed_demo_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "demo.lock").write_text("4711")
    with locked(tmp_path):
        pass


def test_a_production_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="DEPLOYMENT=production"):
        place(tmp_path, DEPLOYMENT="production")


def test_where_nothing_is_set_data_is_in_var_callers_are_gentle_and_the_server_is_uvicorn() -> None:
    here = find_place({})
    assert here.folder == BASE_DIR / "var"
    assert here.settings()["SCENARIO"] == "gentle"
    assert here.web_server() == "uvicorn"


def test_scripts_that_drive_a_demo_may_ask_without_pause_unless_told_otherwise(tmp_path: Path) -> None:
    assert int(place(tmp_path).settings()["API_REQUESTS_PER_MINUTE"]) >= 100_000
    assert place(tmp_path, API_REQUESTS_PER_MINUTE="7").settings()["API_REQUESTS_PER_MINUTE"] == "7"


def test_an_unknown_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="uvicorn or daphne"):
        place(tmp_path, WEB_SERVER="gunicorn").web_server()


def test_an_unknown_scenario_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("quiet", "lunch rush", "failed transfers", "escalation", "flaky Graph"):
        assert place(tmp_path, SCENARIO=name).settings()["SCENARIO"] == name
    with pytest.raises(DemoError, match="SCENARIO must be one of gentle, quiet, lunch rush"):
        place(tmp_path, SCENARIO="loud").write_settings()


@pytest.mark.control("P4")
def test_settings_are_kept_for_the_owner_alone_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "it's a # folder"
    folder.mkdir()
    here = place(folder, PUBLIC_URL="http://desk.example:8000", GRAPH_URL="https://elsewhere.example")
    here.write_settings()
    file = folder / "portal.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert dotenv_values(file) == here.settings()
    assert Environment(folder, {}).text("GRAPH_CA_FILE") == str(folder / "simulator" / "ca.pem")


def test_children_see_the_demo_and_no_stray_setting(tmp_path: Path) -> None:
    strays = {
        "GRAPH_CERTIFICATE_FILE": "/x",
        "CALLBACK_AUDIENCE": "y",
        "SIGN_IN_TENANTS": "z",
        "SIMULATOR_URL": "w",
        "EMAIL_HOST": "mail.example",
        "MAIL_FROM": "v@example.com",
    }
    environment = place(tmp_path, LANG="C", **strays).environment()
    assert environment["LANG"] == "C"
    assert environment["DEPLOYMENT"] == "demo"
    assert environment["SIMULATOR_URL"] == "http://localhost:8100"
    assert environment["MAIL_FROM"] == "frontdesk@contoso.example" and "EMAIL_HOST" not in environment
    assert environment["EMAIL_FOLDER"] == str(tmp_path / "mail")
    assert not {"GRAPH_CERTIFICATE_FILE", "CALLBACK_AUDIENCE", "SIGN_IN_TENANTS"} & environment.keys()


def test_seeding_is_repeated_when_its_sources_or_the_database_change(tmp_path: Path) -> None:
    here = place(tmp_path)
    here.note_seeded()
    assert not here.is_seeded()
    (tmp_path / "portal.sqlite3").touch()
    (tmp_path / "demo-password").touch()
    assert here.is_seeded()
    assert not place(tmp_path, DATABASE_URL="postgresql://localhost/x").is_seeded()
    (tmp_path / "demo-seeded").write_text("older")
    assert not here.is_seeded()
