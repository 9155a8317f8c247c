"""What a demo holds."""

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from demo.contoso import contoso
from demo.seed import seed
from directory.models import User
from routing.models import Line

pytestmark = pytest.mark.django_db


def test_people_have_their_roles_and_lines(tmp_path: Path) -> None:
    seed(tmp_path / "demo-password")
    roles = {user.username: user.roles for user in User.objects.all()}
    assert roles == {
        "rita": ["receptionist"],
        "omar": ["receptionist"],
        "max": ["manager"],
        "ada": ["administrator"],
        "una": ["auditor"],
        "eve": [],
    }
    staff = {line.name: set(line.staff.values_list("username", flat=True)) for line in Line.objects.all()}
    assert staff == {"main": {"rita", "omar", "max"}, "sales": {"rita", "omar", "max"}, "clinic": {"rita", "max"}}


def test_sign_ins_are_tied_to_their_microsoft_accounts(tmp_path: Path) -> None:
    seed(tmp_path / "demo-password")
    rita = User.objects.get(username="rita")
    assert rita.tenant_id == contoso()["tenant_id"]
    assert rita.oid in {entry["id"] for entry in contoso()["people"] if entry["upn"].startswith("rita@")}


@pytest.mark.control("P4")
def test_the_password_is_made_once_and_kept_for_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "demo-password"
    seed(file)
    password = file.read_text()
    hashes = set(User.objects.values_list("password", flat=True))
    seed(file)
    assert file.read_text() == password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(User.objects.values_list("password", flat=True)) == hashes
    assert all(user.check_password(password) for user in User.objects.all())


def test_a_lost_password_file_gives_everybody_the_new_password(tmp_path: Path) -> None:
    seed(tmp_path / "demo-password")
    seed(tmp_path / "another")
    assert User.objects.get(username="eve").check_password((tmp_path / "another").read_text())


def test_seeding_again_keeps_what_people_changed(tmp_path: Path) -> None:
    seed(tmp_path / "demo-password")
    Line.objects.filter(name="sales").update(fallback="reject", fallback_kind="", fallback_target="")
    Line.objects.get(name="sales").staff.clear()
    User.objects.filter(username="omar").update(roles=["auditor"])
    Line.objects.get(name="clinic").delete()
    seed(tmp_path / "demo-password")
    assert Line.objects.get(name="sales").fallback == "reject"
    assert not Line.objects.get(name="sales").staff.exists()
    assert User.objects.get(username="omar").roles == ["auditor"]
    assert Line.objects.filter(name="clinic").exists()


@pytest.mark.control("A5")
@pytest.mark.control("P1")
@pytest.mark.parametrize("deployment", ["production", "development"])
def test_only_a_demo_is_seeded(settings, deployment: str) -> None:
    settings.DEPLOYMENT = deployment
    with pytest.raises(CommandError, match=deployment):
        call_command("seed", stdout=StringIO())
    assert not User.objects.exists()
