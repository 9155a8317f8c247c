"""What can be set, called or opened is in the documentation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import find_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from tests import tried

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OURS = ("commsportal", "audit", "webhooks", "directory", "routing", "calls", "meetings", "demo")
FOREIGN_URLS = ("admin/", "api/v1/")


def names_read(source: Path, reader: str) -> set[str]:
    """Return the capital names that `source` asks an object called `reader` for."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] == reader and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and re.fullmatch(r"[A-Z][A-Z0-9_]+", str(first.value)):
                found.add(str(first.value))
    return found


def documented(file: str) -> set[str]:
    """Return the names that stand as code in a table's first column or in a heading."""
    rows = re.findall(r"^(?:\| |#+ )(.*?)(?:\||$)", (DOCS / file).read_text(), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_setting_is_documented() -> None:
    settings = names_read(ROOT / "commsportal" / "settings.py", "env")
    simulator = names_read(ROOT / "simulator" / "config.py", "env")
    assert len(settings) > 20
    assert sorted((settings | simulator | {"DATA_DIR", "WEB_SERVER"}) - documented("settings.md")) == []


def test_no_setting_is_documented_that_nobody_reads() -> None:
    sources = [
        path.read_text()
        for path in ROOT.glob("[a-z]*/**/*.py")
        if path.relative_to(ROOT).parts[0] in (*OURS, "simulator")
    ]
    unknown = [name for name in documented("settings.md") if not any(f'"{name}"' in text for text in sources)]
    known_by_suffix = [name for name in unknown if name.endswith("_FILE") and name.removesuffix("_FILE")]
    assert sorted(set(unknown) - set(known_by_suffix)) == []


def our_commands() -> list[tuple[str, str]]:
    """Return (app, command) of every command that is ours."""
    labels = [apps.get_app_config(name) for name in OURS if apps.is_installed(name)]
    return [(c.name, name) for c in labels for name in find_commands(str(Path(c.path) / "management"))]


@pytest.mark.parametrize(("app", "name"), our_commands())
def test_every_command_explains_itself_and_is_documented(app: str, name: str) -> None:
    assert load_command_class(app, name).help.strip()
    assert f"manage.py {name}" in (DOCS / "commands.md").read_text()


def operations() -> list[str]:
    """Return `METHOD /path` of every operation of the API."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return sorted(f"{verb.upper()} {path}" for path, verbs in schema["paths"].items() for verb in verbs)


def test_every_operation_of_the_api_is_documented() -> None:
    assert len(operations()) > 10
    assert sorted(set(operations()) - documented("api.md")) == []


def pages(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Yield the addresses of pages, as Django writes them."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(FOREIGN_URLS):
            continue
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, route)
        else:
            yield "/" + route


def test_every_page_is_documented() -> None:
    assert sorted(set(pages(get_resolver().url_patterns)) - documented("pages.md")) == []


def test_what_is_tried_is_told_with_its_goal_and_its_command() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| (\d+) \| `make (\w+)(?: ARGS=(\S+))?` \|$", (DOCS / "reliability.md").read_text(), re.M
    )
    assert {name: int(goal) for name, goal, *_ in rows} == tried.GOALS
    for name, _, command, file in rows:
        files = [ROOT / file] if command == "test" else (ROOT / "tests" / command).glob("test_*.py")
        assert any(f'"{name}"' in path.read_text() for path in files), name


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    links = [
        (path, target.split("#")[0])
        for path in documents
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text())
        if not target.startswith(("http:", "https:", "#", "mailto:"))
    ]
    assert len(links) > 10
    assert [f"{path.name}: {target}" for path, target in links if not (path.parent / target).exists()] == []
