"""What the bench prints."""

import statistics
from collections.abc import Sequence


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def ratio(ours: float, theirs: float, aim: float) -> str:
    """Return a ratio beside its aim."""
    found = ours / theirs
    return f"{found:6.0%}  (aim {aim:.0%}{'' if found >= aim else ', MISSED'})"


def milliseconds(latencies: Sequence[float]) -> str:
    """Return p50 and p99."""
    ordered = sorted(latencies)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {statistics.median(ordered) * 1000:.1f} ms, p99 {last * 1000:.1f} ms"


def middle(values: Sequence[float]) -> float:
    """Return the median: one disturbed round does not count."""
    return statistics.median(values)
