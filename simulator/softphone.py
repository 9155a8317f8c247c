"""The softphone page and its files."""

from functools import cache
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.shortcuts import render

from simulator.config import SCENARIOS
from simulator.faults import PROBABILITIES, SWITCHES, Settings
from simulator.people import BEHAVIOURS
from simulator.problems import Problem
from simulator.scenarios import NUMBERS
from simulator.world import world

FILES = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def page(request: ASGIRequest) -> HttpResponse:
    """Show the softphone."""
    here = world()
    context = {
        "people": sorted(here.directory.people(), key=lambda person: person.name),
        "numbers": NUMBERS[:6],
        "lines": [line for tenant in here.directory.tenants for line in tenant.lines.values()],
        "probabilities": PROBABILITIES,
        "switches": [(name, getattr(Settings, name)) for name in SWITCHES],
        "behaviours": BEHAVIOURS,
        "scenario": here.scenario,
        "scenarios": SCENARIOS,
    }
    return render(request, "softphone.html", context)


@cache
def files() -> dict[str, bytes]:
    """Read the page's files, once."""
    return {path.name: path.read_bytes() for path in FILES.iterdir() if path.suffix in KINDS}


async def static(request: ASGIRequest, name: str) -> HttpResponse:
    """Serve one of the page's files."""
    content = files().get(name)
    if content is None:
        raise Problem(404, "There is no such file.")
    return HttpResponse(content, content_type=KINDS[Path(name).suffix])
