"""`python -m tests.torture`: end processes and connections under load, and say what was survived."""

import argparse
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.bench import rig as bench
from tests.e2e import databases
from tests.e2e.running import ROOT
from tests.torture.rig import Plan, run


def arguments() -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--database", choices=databases.ENGINES, action="append", help="default: both")
    parser.add_argument("--kills", type=int, default=100, help="faults on each database (default 100)")
    parser.add_argument("--seed", type=int, default=20261121, help="draws the faults (default 20261121)")
    parser.add_argument("--retries", type=int, default=5, help="of the simulator's notifications (default 5)")
    return parser.parse_args()


def main() -> int:
    """Run the plan on each database; return 1 if anything was violated, 2 if one cannot be reached."""
    asked = arguments()
    engines = asked.database or databases.ENGINES
    if "postgresql" in engines and bench.postgresql() is None:
        print(databases.NOWHERE, file=sys.stderr)
        return 2
    print(commit(), machine(), sep="\n", flush=True)
    plans = [Plan(engine, asked.kills, asked.seed, asked.retries) for engine in engines]
    return max([survive(plan) for plan in plans])


def commit() -> str:
    """Return which commit this is, and whether files were changed since."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"commit {told.stdout.strip() or 'unknown: ' + told.stderr.strip()}"


def machine() -> str:
    """Return what the figures depend on."""
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; Python {python}, SQLite {sqlite}"


def survive(plan: Plan) -> int:
    """Run one plan and print its report; the folder is kept if anything was violated."""
    folder, begun = Path(tempfile.mkdtemp(prefix="commsportal-torture-")), time.monotonic()
    try:
        report = run(plan, folder)
    except Exception:
        print(f"{plan.engine}, seed {plan.seed}: VIOLATED; its folder: {folder}", traceback.format_exc(), sep="\n")
        return 1
    print(*report.lines(), f"  took {time.monotonic() - begun:.0f} s", sep="\n", flush=True)
    if report.violations:
        print(f"Seed {plan.seed}; its folder: {folder}", flush=True)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
