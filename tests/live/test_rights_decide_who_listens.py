"""Who may not listen is refused at the door; who may no longer is shown it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from websockets.exceptions import InvalidStatus

from calls.models import Call, Operation
from directory import tokens
from directory.models import ApiToken, User
from tests.live import world
from tests.live.console import Console

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Console]
STRANGER = settings.PUBLIC_URL.rsplit(":", 1)[0] + ":8100"


def refused(connect: Connect, user: User | None, **how: Any) -> int:
    """Return the status of a handshake that must fail."""
    with pytest.raises(InvalidStatus) as refusal:
        connect(user, **how)
    return refusal.value.response.status_code


def test_nobody_is_refused(connect: Connect) -> None:
    assert refused(connect, None) == 403
    assert refused(connect, None, headers={"Authorization": "Bearer wrong"}) == 403


def test_somebody_without_a_role_is_refused(connect: Connect) -> None:
    assert refused(connect, world.person(role=None)) == 403


@pytest.mark.control("S1")
def test_a_session_counts_only_from_our_own_origin(connect: Connect) -> None:
    rita = world.person()
    key = world.sign_in(rita)
    assert refused(connect, rita, headers=world.browser(key, origin=STRANGER)) == 403
    assert refused(connect, rita, headers={"Cookie": world.browser(key)["Cookie"]}) == 403
    assert connect(rita, headers=world.browser(key)).read()["type"] == "snapshot"


@pytest.mark.control("S1")
def test_a_token_does_not_help_a_foreign_page(connect: Connect) -> None:
    rita = world.person()
    bearer = {"Authorization": f"Bearer {tokens.issue(rita)}"}
    assert refused(connect, rita, headers=bearer | {"Origin": STRANGER}) == 403


@pytest.mark.control("S2")
def test_a_token_in_the_address_is_refused(connect: Connect) -> None:
    rita = world.person()
    token = tokens.issue(rita)
    assert refused(connect, None, path=f"/ws/console/?token={token}") == 403


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/other/", "/ws/console/more"])
def test_an_unknown_path_is_refused(connect: Connect, path: str) -> None:
    assert refused(connect, world.person(), path=path) == 403


def test_the_path_may_lack_its_final_slash(connect: Connect) -> None:
    assert connect(world.person(), path="/ws/console").read()["type"] == "snapshot"


def revoke_role(user: User) -> None:
    User.objects.filter(pk=user.pk).update(roles=[])


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def revoke_tokens(user: User) -> None:
    for token in ApiToken.objects.filter(user=user):
        tokens.revoke(token, actor="somebody")


@pytest.mark.case(52)
@pytest.mark.control("A7")
@pytest.mark.parametrize("withdraw", [revoke_role, disable, revoke_tokens])
@pytest.mark.parametrize("told", [True, False], ids=["with an entry", "behind our back"])
def test_a_right_that_is_gone_closes_the_socket(
    connect: Connect, withdraw: Callable[[User], None], told: bool
) -> None:
    rita, omar = world.person(), world.person()
    neighbour = connect(omar)
    console = connect(rita)
    console.read()
    withdraw(rita)
    if told:
        world.tell_about(rita)
    assert console.until_closed() == 4403
    assert refused(connect, rita, headers={"Authorization": "Bearer gone"}) == 403
    call = world.ring(world.line(omar))
    neighbour.until(lambda c: str(call.pk) in c.cards)


def sign_out(user: User, key: str) -> None:
    Session.objects.filter(pk=key).delete()


def change_password(user: User, key: str) -> None:
    user.set_password("another long password")
    user.save()


def run_out(user: User, key: str) -> None:
    row = Session.objects.get(pk=key)
    data = row.get_decoded() | {"signed_in_at": "2020-01-01T00:00:00+00:00"}
    row.session_data = row.get_session_store_class()().encode(data)
    row.save()


@pytest.mark.control("A7")
@pytest.mark.parametrize("end", [sign_out, change_password, run_out])
def test_a_session_that_ended_closes_its_socket_alone(connect: Connect, end: Callable[[User, str], None]) -> None:
    rita = world.person()
    key = world.sign_in(rita)
    script = connect(rita)
    page = connect(rita, headers=world.browser(key))
    page.read()
    end(rita, key)
    assert page.until_closed() == 4403
    script.read()
    script.next("heartbeat")


@pytest.mark.control("S3")
@pytest.mark.parametrize("told", [True, False], ids=["with an entry", "behind our back"])
def test_staff_who_leave_a_line_lose_its_cards(connect: Connect, told: bool) -> None:
    rita = world.person()
    kept, left = world.line(rita), world.line(rita)
    stays, goes = world.ring(kept), world.ring(left)
    console = connect(rita)
    console.until(lambda c: len(c.cards) == 2)
    left.staff.remove(rita)
    if told:
        world.tell_about(kind="line.changed")
    console.until(lambda c: set(c.cards) == {str(stays.pk)})
    last_word = console.seq
    console.socket.close()
    left.staff.add(rita)
    back = connect(rita, since=last_word)
    back.until(lambda c: str(goes.pk) in c.cards)


@pytest.mark.control("S3")
def test_who_lost_a_line_while_away_is_not_left_with_its_cards(connect: Connect) -> None:
    rita = world.person()
    kept, left = world.line(rita), world.line(rita)
    stays, _ = world.ring(kept), world.ring(left)
    console = connect(rita)
    console.until(lambda c: len(c.cards) == 2)
    console.socket.close()
    left.staff.remove(rita)
    back = connect(rita, since=console.seq)
    back.cards = dict(console.cards)
    back.read()
    assert set(back.cards) == {str(stays.pk)}


class Tab:
    """One tab of a browser: its console, and the buttons that are pressed in it."""

    def __init__(self, connect: Connect, user: User, session_key: str) -> None:
        self.console = connect(user, headers=world.browser(session_key))
        self.http = Client()
        self.http.cookies[settings.SESSION_COOKIE_NAME] = session_key

    def press(self, call: Call, action: str) -> int:
        """Ask for something; return the status of the answer."""
        answer = self.http.post(f"/api/v1/calls/{call.pk}/{action}/", "{}", content_type="application/json")
        return answer.status_code


@pytest.mark.case(52)
@pytest.mark.control("A7")
def test_two_tabs_act_as_one_person_and_lose_the_role_with_the_next_command(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    key = world.sign_in(rita)
    one, other, neighbour = Tab(connect, rita, key), Tab(connect, rita, key), connect(omar)
    line = world.line(rita, omar)
    call, live = world.ring(line), world.ring(line)
    assert one.press(call, "claim") == 200
    for console in (one.console, other.console, neighbour):
        console.until(lambda c: c.cards.get(str(call.pk), {}).get("claim"))
        assert console.cards[str(call.pk)]["claim"]["owner"] == rita.username
    assert (other.press(call, "reject"), one.press(call, "reject")) == (202, 409)
    one.console.until(lambda c: c.cards[str(call.pk)]["operation"])
    assert Operation.objects.filter(call=call).count() == 1
    world.change(live, state="established", established_at=live.received_at)
    assert other.press(live, "claim") == 200
    revoke_role(rita)
    assert {tab.press(live, action) for tab in (one, other) for action in ("claim", "release", "hang-up")} == {403}
    assert one.http.get(f"/api/v1/calls/{live.pk}/").status_code == 403
    assert not Operation.objects.filter(call=live).exists()
    world.tell_about(rita)
    assert (one.console.until_closed(neighbour), other.console.until_closed(neighbour)) == (4403, 4403)
    assert refused(connect, rita, headers=world.browser(key)) == 403
    last = world.ring(line)
    neighbour.until(lambda c: str(last.pk) in c.cards)
