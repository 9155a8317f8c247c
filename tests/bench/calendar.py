"""A month of 2,000 meetings: the whole page, and the bare SQL that reads its rows."""

import json
import subprocess
import sys

from tests.bench import rig
from tests.bench.report import say


async def measure() -> None:
    """Measure both databases."""
    found = rig.postgresql()
    for server in (None, found) if found else (None,):
        with rig.database(server) as on:
            command = [sys.executable, "-m", "tests.bench.paging"]
            done = subprocess.run(
                command, cwd=rig.ROOT, env=on.environment, check=True, capture_output=True, text=True
            )
            told = json.loads(done.stdout)
            page, bare = told["page"], told["bare"]["p50"]
            missed = "" if page["p50"] < 100 else ", MISSED"
            say(f"month of {told['meetings']:,} meetings, {on.kind}: bare SQL p50 {bare:.1f} ms")
            say(f"  page p50 {page['p50']:.1f} ms, p99 {page['p99']:.1f} ms  (aim 100 ms{missed})")
            say(f"  {page['p50'] / bare:.1f} times the bare SQL")
