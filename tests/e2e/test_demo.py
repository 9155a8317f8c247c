"""`make demo`: starts twice, is watched, ends without a trace."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.running import ROOT, Demo, alive, listens, wait_for

pytestmark = pytest.mark.timeout(300)
Make = Callable[..., Demo]


def assert_no_trace(running: Demo, pids: list[int]) -> None:
    """Require that no process, port or lock is left."""
    assert [pid for pid in pids if alive(pid)] == []
    assert [port for port in running.ports if listens(port)] == []
    assert not (running.folder / "demo.lock").exists()
    assert not (running.folder / "demo-processes.json").exists()


def test_it_says_where_it_is_and_starts_again_on_the_same_data(own_demo: Make) -> None:
    running = own_demo().start()
    password = running.password
    for text in (f"{running.url}/console/", running.simulator_url, "rita", "no role", str(running.folder)):
        assert text in running.said()
    graph_id = running.ring()
    rita = running.client("rita")
    wait_for(lambda: rita.call(graph_id), "call")
    wait_for(lambda: len(rita.get("people/", limit=100)["results"]) == 30, "directory of thirty people")
    running.stop()
    running.start()
    assert running.password == password
    assert not (running.folder / "logs" / "seed.log").exists()
    assert rita.call(graph_id) is not None


@pytest.mark.control("P4")
def test_secrets_are_for_the_owner_alone_whatever_the_umask(own_demo: Make) -> None:
    running = own_demo()
    before = os.umask(0)
    try:
        running.start()
    finally:
        os.umask(before)
    assert stat.S_IMODE(running.folder.stat().st_mode) == 0o700
    assert [path for path in running.folder.rglob("*") if is_loose(path)] == []


def is_loose(path: Path) -> bool:
    """Tell whether others may do anything with a file; with one that is gone meanwhile nobody can."""
    with suppress(FileNotFoundError):
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(own_demo: Make, number: signal.Signals) -> None:
    running = own_demo().start()
    pids = list(running.pids().values())
    assert len(pids) == 3
    assert running.stop(number) == 0
    assert_no_trace(running, pids)


def test_sigterm_to_make_leaves_nothing_behind(own_demo: Make) -> None:
    running = own_demo().start(["make", f"PYTHON={sys.executable}", "demo"])
    pids = list(running.pids().values())
    running.stop()
    assert_no_trace(running, pids)


def test_ctrl_c_at_the_terminal_reaches_make_and_the_demo_and_leaves_nothing_behind(own_demo: Make) -> None:
    running = own_demo().start(["make", f"PYTHON={sys.executable}", "demo"])
    pids = list(running.pids().values())
    assert running.process
    os.killpg(running.process.pid, signal.SIGINT)
    running.process.wait(60)
    wait_for(lambda: not (running.folder / "demo.lock").exists(), "end of the demo")
    assert_no_trace(running, pids)


def test_children_do_not_outlive_a_supervisor_that_is_killed(own_demo: Make) -> None:
    running = own_demo().start()
    pids = list(running.pids().values())
    running.stop(signal.SIGKILL)
    wait_for(lambda: not any(alive(pid) for pid in pids), "end of the children")
    wait_for(
        lambda: not any(listens(port) for port in running.ports), "ports that are free"
    )  # by their last threads
    running.start()


@pytest.mark.parametrize("name", ["web", "worker", "simulator"])
def test_a_child_that_is_killed_is_started_again(own_demo: Make, name: str) -> None:
    running = own_demo().start()
    killed = running.kill(name)
    wait_for(lambda: running.pids().get(name) not in (None, killed), f"new {name}")
    wait_for(running.is_ready, "readiness")
    assert f"{name} ended (signal SIGKILL) and is started again" in running.said()
    graph_id = running.ring()
    rita = running.client("rita")
    wait_for(lambda: rita.call(graph_id), "call after the restart")


def refused(running: Demo, **environ: str) -> str:
    """Start a second demo that must refuse; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=running.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_second_demo_is_told_why_it_cannot_start(own_demo: Make) -> None:
    running = own_demo().start()
    assert "already runs" in refused(running)
    elsewhere = {"DATA_DIR": str(running.folder.with_name("elsewhere"))}
    assert f"Port {running.ports[0]} is not free" in refused(running, **elsewhere)
    assert running.is_ready()


def test_commands_on_its_folder_see_its_settings(own_demo: Make) -> None:
    running = own_demo().start()
    token = running.manage("token", "rita").split()[-1]
    me = requests.get(
        f"http://127.0.0.1:{running.ports[0]}/api/v1/me/", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert me.json()["username"] == "rita"
    assert "done" in running.manage("worker", "--once")


def test_pages_asked_for_at_127_0_0_1_redirect_and_the_api_answers_at_both(own_demo: Make) -> None:
    running = own_demo().start()
    by_number = f"http://127.0.0.1:{running.ports[0]}"
    page = requests.get(f"{by_number}/sign-in/", allow_redirects=False, timeout=30)
    assert (page.status_code, page.headers["Location"]) == (302, f"{running.url}/sign-in/")
    for base in (by_number, running.url):
        assert requests.get(f"{base}/api/v1/me/", timeout=30).status_code == 401
        assert requests.get(f"{base}/healthz", timeout=30).status_code == 200


def test_the_gentle_scenario_keeps_callers_coming(own_demo: Make) -> None:
    running = own_demo(SCENARIO="gentle").start()
    rita = running.client("rita")
    wait_for(lambda: len(rita.calls()) >= 2, "two calls that nobody made", 180)


def test_ready_means_that_web_worker_and_simulator_answer(own_demo: Make) -> None:
    running = own_demo().start()
    os.kill(running.pids()["simulator"], signal.SIGSTOP)
    wait_for(lambda: not running.is_ready(), "loss of readiness")
    os.kill(running.pids()["simulator"], signal.SIGCONT)
    wait_for(running.is_ready, "readiness")
    worker = running.pids()["worker"]
    os.kill(worker, signal.SIGSTOP)
    wait_for(lambda: not running.is_ready(), "loss of readiness")
    os.kill(worker, signal.SIGCONT)
    wait_for(running.is_ready, "readiness")


def smoke(running: Demo) -> None:
    """Ring, take over the API, and see it done; look at every kind of page."""
    rita = running.client("rita")
    session = requests.Session()
    page = session.get(f"{running.url}/sign-in/", timeout=30)
    form = {"username": "ada", "password": running.password}
    form["csrfmiddlewaretoken"] = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    address = f"{running.url}/sign-in/"
    signed_in = session.post(address, data=form, timeout=30, allow_redirects=False)
    assert signed_in.status_code == 302
    for path in ("/console/", "/calls/", "/admin/", "/api/docs/", "/api/schema/", "/metrics", "/healthz"):
        answer = session.get(f"{running.url}{path}", timeout=30, allow_redirects=False)
        assert answer.status_code == 200, path
    graph_id = running.ring()
    call = wait_for(lambda: rita.call(graph_id), "call")
    asked = rita.post(f"calls/{call['id']}/redirect/")
    assert asked.status_code == 202, asked.text
    operation = asked.json()["id"]
    wait_for(lambda: rita.get(f"operations/{operation}/")["status"] == "done", "done redirect")
    assert rita.get(f"calls/{call['id']}/")["outcome"] == "taken"


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_everything_works_under_both_web_servers(own_demo: Make, server: str) -> None:
    running = own_demo(WEB_SERVER=server).start()
    smoke(running)
    assert socket_snapshot(running)["type"] == "snapshot"


def socket_snapshot(running: Demo) -> dict[str, Any]:
    """Return the first message of a console without a browser."""
    from websockets.sync.client import connect

    token = running.manage("token", "rita").split()[-1]
    address = running.url.replace("http", "ws", 1) + "/ws/console/"
    headers = {"Authorization": f"Bearer {token}"}
    with connect(address, additional_headers=headers, open_timeout=60) as console:
        return json.loads(console.recv(timeout=60))
