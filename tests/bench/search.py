"""Searching 20,000 people: the whole answer, finding alone, and what a database finds by the same letters."""

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
            command = [sys.executable, "-m", "tests.bench.searching"]
            done = subprocess.run(
                command, cwd=rig.ROOT, env=on.environment, check=True, capture_output=True, text=True
            )
            told = json.loads(done.stdout)
            say(f"search of {told['people']:,} people, {on.kind}; made ready in {told['made_ms']:.0f} ms")
            for query, (answer, finding, like) in told["queries"].items():
                say(f"  {query!r:<18}{_words(answer)}; finding alone {_words(finding)}; LIKE {_words(like)}")
            worst = max(answer["p50"] for answer, _, _ in told["queries"].values())
            say(f"  slowest p50 {worst:.1f} ms  (aim 20 ms{'' if worst < 20 else ', MISSED'})")


def _words(told: dict[str, float]) -> str:
    return f"p50 {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms"
