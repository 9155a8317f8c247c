"""A production refuses what a demo left."""

from pathlib import Path
from typing import Any

import pytest

from commsportal.checks import is_public_https, production_asks_the_real_microsoft
from demo.checks import production_is_no_demo
from demo.contoso import contoso
from demo.seed import seed

pytestmark = [pytest.mark.django_db, pytest.mark.control("P1")]


@pytest.fixture
def production(settings: Any, tmp_path: Path) -> Any:
    """Make the settings those of a production."""
    settings.DEPLOYMENT = "production"
    settings.DATA_DIR = tmp_path
    return settings


def test_a_production_of_its_own_is_fine(production: Any) -> None:
    assert production_is_no_demo() == []
    assert production_asks_the_real_microsoft() == []


def test_a_demos_folder_is_refused(production: Any, tmp_path: Path) -> None:
    (tmp_path / "demo-password").touch()
    assert [found.id for found in production_is_no_demo()] == ["demo.E001"]


def test_a_demos_application_is_refused(production: Any) -> None:
    production.GRAPH_CLIENT_ID = contoso()["client_id"]
    assert [found.id for found in production_is_no_demo()] == ["demo.E002"]


@pytest.mark.control("A5")
def test_a_demos_sign_ins_are_refused(production: Any, tmp_path: Path) -> None:
    seed(tmp_path / "elsewhere")
    assert [found.id for found in production_is_no_demo()] == ["demo.E003"]


def test_elsewhere_nothing_is_refused(settings: Any, tmp_path: Path) -> None:
    seed(tmp_path / "demo-password")
    settings.DATA_DIR = tmp_path
    assert production_is_no_demo() == []


@pytest.mark.parametrize("name", ["GRAPH_URL", "GRAPH_LOGIN_URL", "CALLBACK_OPENID_URLS"])
def test_a_simulator_in_the_place_of_microsoft_is_refused_by_name(production: Any, name: str) -> None:
    simulator = "https://localhost:8143"
    setattr(production, name, [simulator] if name.endswith("S") else simulator)
    assert [found.id for found in production_asks_the_real_microsoft()] == ["commsportal.E007"]
    assert name in production_asks_the_real_microsoft()[0].msg


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://graph.microsoft.com/v1.0", True),
        ("https://20.190.129.1/", True),
        ("http://graph.microsoft.com/v1.0", False),
        ("https://localhost:8143", False),
        ("https://simulator:8143", False),
        ("https://graph.internal", False),
        ("https://127.0.0.1", False),
        ("https://[::1]:8143", False),
        ("https://10.1.2.3", False),
        ("https://169.254.169.254", False),
    ],
)
def test_public_addresses_are_told_from_private_ones(address: str, public: bool) -> None:
    assert is_public_https(address) is public
