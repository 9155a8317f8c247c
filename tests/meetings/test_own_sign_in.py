"""An organiser holds their own meeting by their own sign-in where the portal lacks the policy; nobody else can."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from audit.models import Entry
from commsportal import idempotency, worker
from commsportal.clock import now
from directory import refresh_tokens, tokens
from directory.models import User
from directory.session_store import SessionStore
from graph import conf, delegated
from meetings import commands, own_sign_in, sending
from meetings.models import OnlineMeeting, Organizer
from tests.calls.simulation import Simulation
from tests.directory.arriving import come_back, connected, person
from tests.meetings.test_scheduling import plan

__all__ = ["connected"]
pytestmark = [pytest.mark.django_db, pytest.mark.control("A3")]
HELD = "meeting.held"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def no_policy(simulation: Simulation, connected: None, settings: Any) -> Iterator[None]:
    """Have no access policy let the application act for anybody, and the settings ask for people's own right."""
    settings.GRAPH_URL, settings.MICROSOFT_DELEGATED = simulation.connection["graph"], "on"
    allow(simulation, False)
    yield
    simulation.ask("PUT", "faults", {"throttle": 0, "slow_ms": 0})
    conf.close()


def allow(simulation: Simulation, policy: bool) -> None:
    simulation.ask("PUT", "tenant-settings", {simulation.connection["tenant"]: {"has_access_policy": policy}})


@pytest.fixture
def desk() -> Client:
    """Return a browser at PUBLIC_URL."""
    return Client(HTTP_HOST="localhost:8000")


@pytest.fixture
def organizer(desk: Client, simulation: Simulation) -> User:
    """Return the manager, who has come in by Microsoft and organises."""
    come_back(desk, simulation, "Max")
    user = User.objects.get()
    made = Organizer.objects.create(tenant_id=user.tenant_id, oid=user.oid, name=user.name)
    made.staff.add(user)
    return user


@pytest.fixture
def refused(organizer: User) -> OnlineMeeting:
    """Return their meeting, which Microsoft has refused for want of the policy."""
    made = commands.schedule(organizer, Organizer.objects.get().pk, plan())
    return again(made)


def again(meeting: OnlineMeeting) -> OnlineMeeting:
    """Have the worker do what is due, and read the meeting."""
    worker.run_pending()
    meeting.refresh_from_db()
    return meeting


def hold(desk: Client, meeting: OnlineMeeting, **headers: Any) -> Any:
    return desk.post(f"/api/v1/meetings/{meeting.pk}/hold/", {}, "application/json", **headers)


def page(desk: Client, meeting: OnlineMeeting) -> str:
    return desk.get(f"/meetings/{meeting.pk}/").content.decode()


def session_of(desk: Client) -> SessionStore:
    return SessionStore(desk.cookies["portal"].value)


def there(simulation: Simulation) -> list[dict[str, Any]]:
    """Return the meetings that Microsoft has of these tests' subject."""
    return [one for one in simulation.ask("GET", "meetings") if one["subject"] == "Follow-up"]


def asked(simulation: Simulation) -> list[str]:
    """Return what was asked of Graph about meetings."""
    told = simulation.ask("GET", "requests")["results"]
    return [one["action"] for one in told if "onlinemeetings" in one["action"]]


@pytest.fixture(autouse=True)
def clean(simulation: Simulation, no_policy: None) -> Iterator[None]:
    """Leave no meeting of one test to the next."""
    yield
    allow(simulation, True)
    for meeting in OnlineMeeting.objects.exclude(graph_id=""):
        conf.client(meeting.organizer.tenant_id).meetings.delete(meeting.organizer.oid, meeting.graph_id)


def test_their_own_sign_in_holds_what_the_portal_may_not(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    assert refused.error_title.startswith("The portal may not act") and refused.sent == 0
    assert "Hold it with my own sign-in" in page(desk, refused)
    assert desk.post(f"/meetings/{refused.pk}/hold/")["Location"] == f"/meetings/{refused.pk}/"
    refused.refresh_from_db()
    assert (refused.sent, refused.due_at, refused.error_title, refused.lease) == (1, None, "", None)
    assert refused.join_url and refused.join_url in page(desk, refused)
    assert "me/onlinemeetings/createorget" in asked(simulation)
    (asked_for,) = Entry.objects.filter(kind="meeting.own_sign_in")
    assert (asked_for.actor, asked_for.data["meeting"]) == (organizer.username, str(refused.pk))
    assert Entry.objects.filter(kind=HELD).exists()
    assert "own sign-in" not in page(desk, refused)


def test_the_api_answers_with_the_meeting_and_the_portal_finds_the_same_one_later(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    answer = hold(desk, refused)
    assert answer.status_code == 200 and answer.json()["join_url"]
    (made,) = there(simulation)
    assert made["organizer"] == organizer.oid
    allow(simulation, True)
    refused.refresh_from_db()
    commands.cancel(organizer, refused.pk, version=1)
    assert again(refused).sent == 2 and there(simulation) == []


def test_a_change_and_a_cancellation_go_the_same_way(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    hold(desk, refused)
    refused.refresh_from_db()
    wanted = plan(starts_at=refused.starts_at, ends_at=refused.ends_at + timedelta(hours=1))
    commands.change(organizer, refused.pk, wanted, version=1)
    assert again(refused).sent == 1 and "Hold it with my own sign-in" in page(desk, refused)
    assert hold(desk, refused).status_code == 200
    refused.refresh_from_db()
    assert refused.sent == 2 and len(there(simulation)) == 1
    commands.cancel(organizer, refused.pk, version=2)
    assert again(refused).sent == 2 and "Delete it with my own sign-in" in page(desk, refused)
    assert hold(desk, refused).status_code == 200
    refused.refresh_from_db()
    assert refused.sent == 3 and there(simulation) == []


def test_the_refresh_token_that_came_instead_is_kept(
    desk: Client, organizer: User, refused: OnlineMeeting
) -> None:
    before = refresh_tokens.of(session_of(desk), organizer)
    hold(desk, refused)
    after = refresh_tokens.of(session_of(desk), organizer)
    assert after and after != before
    commands.cancel(organizer, refused.pk, version=1)
    again(refused)
    assert hold(desk, refused).status_code == 200  # and it works


def test_somebody_elses_meeting_is_refused(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    stranger = Client(HTTP_HOST="localhost:8000")
    other = User.objects.create_user(
        "other", tenant_id=organizer.tenant_id, oid=person(simulation, "Omar")["id"], roles=["manager"]
    )
    Organizer.objects.get().staff.add(other)
    stranger.force_login(other)
    session = session_of(stranger)
    refresh_tokens.keep(session, other, "a token of their own")
    assert refresh_tokens.of(session_of(stranger), other)
    answer = hold(stranger, refused)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_own")
    assert "own sign-in" not in page(stranger, refused)
    stranger.post(f"/meetings/{refused.pk}/hold/")
    refused.refresh_from_db()
    assert refused.sent == 0 and there(simulation) == []


def test_outside_their_scope_it_is_not_found(
    desk: Client, organizer: User, refused: OnlineMeeting, max_: User
) -> None:
    other = Client(HTTP_HOST="localhost:8000")
    other.force_login(max_)
    assert hold(other, refused).status_code == 404


def test_without_signing_in_with_microsoft_there_is_nothing_to_hold_it_by(
    organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    local = Client(HTTP_HOST="localhost:8000")
    local.force_login(organizer)
    answer = hold(local, refused)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_own_sign_in")
    shown = page(local, refused)
    assert "Hold it with" not in shown and f"/sign-in/microsoft/?next=/meetings/{refused.pk}/" in shown
    assert there(simulation) == []


def test_an_api_token_has_no_sign_in_even_beside_a_cookie(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    bearer = f"Bearer {tokens.issue(organizer)}"
    answer = hold(desk, refused, HTTP_AUTHORIZATION=bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_own_sign_in")
    assert there(simulation) == []


def test_after_sign_out_nothing_is_left_to_hold_it_by(
    desk: Client, organizer: User, refused: OnlineMeeting
) -> None:
    cookie = desk.cookies["portal"].value
    desk.post("/sign-out/")
    desk.cookies["portal"] = cookie
    assert hold(desk, refused).status_code == 401
    assert not Session.objects.exists()


def test_a_revoked_sign_in_is_forgotten_and_the_person_told(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    due_at = refused.due_at
    simulation.ask("POST", f"people/{organizer.oid}/revoke")
    answer = hold(desk, refused)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_own_sign_in")
    assert "Sign in with Microsoft" in answer.json()["detail"]
    assert refresh_tokens.KEPT not in session_of(desk).load()
    refused.refresh_from_db()
    assert (refused.due_at, refused.lease, refused.sent) == (due_at, None, 0)
    assert "Hold it with" not in page(desk, refused)
    come_back(desk, simulation, "Max")
    assert hold(desk, refused).status_code == 200


def test_what_microsoft_refuses_all_the_same_stays_as_it_was(
    desk: Client, refused: OnlineMeeting, simulation: Simulation
) -> None:
    before = (refused.due_at, refused.error_title, refused.error_detail)
    simulation.ask("PUT", "faults", {"throttle": 1})
    answer = hold(desk, refused)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_held")
    refused.refresh_from_db()
    assert (refused.due_at, refused.error_title, refused.error_detail) == before and refused.lease is None
    simulation.ask("PUT", "faults", {"throttle": 0})
    assert hold(desk, refused).status_code == 200


def test_nobody_waits_long_for_microsoft_and_an_answer_that_is_lost_doubles_nothing(
    desk: Client, refused: OnlineMeeting, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = own_sign_in.LEAVE_SECONDS + delegated.WHOLE_SECONDS
    assert longest < min(sending.LEASE_SECONDS, idempotency.TAKE_OVER.total_seconds())
    simulation.ask("PUT", "faults", {"slow_ms": 3_000})
    with monkeypatch.context() as patched:
        patched.setattr(delegated, "WHOLE_SECONDS", 1.0)
        answer = hold(desk, refused)
    simulation.ask("PUT", "faults", {"slow_ms": 0})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_held")
    refused.refresh_from_db()
    assert refused.lease is None and refused.sent == 0
    assert hold(desk, refused).status_code == 200 and len(there(simulation)) == 1


def test_while_the_worker_has_it_nobody_else_takes_it(
    desk: Client, refused: OnlineMeeting, simulation: Simulation
) -> None:
    OnlineMeeting.objects.update(due_at=now())
    (leased,) = sending.claim(1)
    answer = hold(desk, refused)
    assert (answer.status_code, answer.json()["code"]) == (409, "under_way")
    refused.refresh_from_db()
    assert refused.lease == leased.lease and there(simulation) == []


def test_where_no_policy_is_in_the_way_there_is_nothing_to_do(
    desk: Client, organizer: User, refused: OnlineMeeting
) -> None:
    assert hold(desk, refused).status_code == 200
    answer = hold(desk, refused)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_do")


def test_a_process_that_dies_after_asking_leaves_a_meeting_that_the_worker_goes_on_with(
    desk: Client, refused: OnlineMeeting, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(sending, "_settle", die)
        hold(desk, refused)
    refused.refresh_from_db()
    assert refused.sent == 0 and refused.lease is not None and refused.asked
    (made,) = there(simulation)
    allow(simulation, True)
    assert again(refused).sent == 0  # the lease is still the dead one's
    OnlineMeeting.objects.update(lease_until=now() - timedelta(seconds=1))
    assert again(refused).sent == 1 and refused.graph_id == made["id"] and len(there(simulation)) == 1


def test_who_signs_out_while_it_is_asked_is_asked_for_no_more(
    desk: Client, refused: OnlineMeeting, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    redeem: Callable[[Any], Any] = delegated.OwnToken._result

    def sign_out_meanwhile(own: Any) -> Any:
        Session.objects.all().delete()
        return redeem(own)

    monkeypatch.setattr(delegated.OwnToken, "_result", sign_out_meanwhile)
    hold(desk, refused)
    refused.refresh_from_db()
    assert (refused.sent, refused.lease) == (0, None) and there(simulation) == []
    assert not Session.objects.exists()


@pytest.mark.control("O5")
def test_the_worker_never_acts_in_anybodys_own_name(
    desk: Client, organizer: User, refused: OnlineMeeting, simulation: Simulation
) -> None:
    before = [action for action in asked(simulation) if action.startswith("me/")]
    assert refresh_tokens.of(session_of(desk), organizer)
    commands.retry(organizer, refused.pk)
    assert again(refused).sent == 0
    assert [action for action in asked(simulation) if action.startswith("me/")] == before


def test_neither_token_is_logged_or_on_record(
    desk: Client, organizer: User, refused: OnlineMeeting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    known = [refresh_tokens.of(session_of(desk), organizer), session_of(desk)[refresh_tokens.KEPT]]
    answer = hold(desk, refused)
    known += [refresh_tokens.of(session_of(desk), organizer), session_of(desk)[refresh_tokens.KEPT]]
    told = caplog.text + answer.content.decode() + page(desk, refused) + str(list(Entry.objects.values()))
    told += str(list(OnlineMeeting.objects.values()))
    assert answer.status_code == 200 and [one for one in known if one in told] == []
