"""A short run of the rig that ends processes and connections under load (`make torture` is the long one).

What was answered 202 is there, what the portal knows ends as in the simulator, nothing takes effect twice, and
consoles that come back have missed nothing. No process wrote an error that its end does not explain, nor a secret;
who was not killed ended well, and nobody is left.
"""

import os
from pathlib import Path

import pytest

from tests.e2e import databases
from tests.torture.rig import Plan, run

SEED = int(os.environ.get("KILL_SEED", "20261121"))
KILLS, CALLS = 12, 200


@pytest.mark.control("I15")
@pytest.mark.control("I13")
@pytest.mark.control("I10")
@pytest.mark.control("I7")
@pytest.mark.control("I6")
@pytest.mark.control("I4")
@pytest.mark.control("I2")
@pytest.mark.control("R21")
@pytest.mark.control("R19")
@pytest.mark.control("R5")
@pytest.mark.control("R4")
@pytest.mark.control("R3")
@pytest.mark.control("R2")
@pytest.mark.control("R1")
@pytest.mark.case(12)
@pytest.mark.case(41)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("retries", [0, 5], ids=["no-retries", "callback-retries"])
@pytest.mark.parametrize("engine", databases.ENGINES)
def test_kills_lose_nothing_and_double_nothing(
    engine: str, retries: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if engine == "postgresql":
        databases.server()  # none that answers: skipped, or failed if one is named
    report = run(Plan(engine, KILLS, SEED, retries, calls=CALLS), tmp_path)
    with capsys.disabled():
        print("", *report.lines(), sep="\n")
    assert report.figures["calls"] >= CALLS and report.figures["decisions, by answer"]["202"] > 0
    assert report.violations == {}
