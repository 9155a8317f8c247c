"""Processes that are left over: known by the data folder in their environment, whoever started them (I15)."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PATIENCE = 60.0  # seconds in which a child notices that its parent is gone, and ends


def of(folder: Path) -> list[int]:
    """Return the processes that work on a data folder, but for those that are merely unburied."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _works_on(path, folder)]


def _works_on(environ: Path, folder: Path) -> bool:
    with suppress(OSError):  # it has ended, or is another user's
        return f"DATA_DIR={folder}".encode() in environ.read_bytes().split(b"\0")
    return False


def found(folder: Path, seconds: float = PATIENCE) -> Iterator[str]:
    """I15: nothing is left running of whatever worked on a folder."""
    until = time.monotonic() + seconds
    while (left := of(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    yield from (f"I15: process {pid} is left over: {_command(pid)}" for pid in left)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return "ended meanwhile"
