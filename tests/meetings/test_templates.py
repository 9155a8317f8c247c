"""Templates fill in the form of a meeting; the meeting keeps which one it was, and lists are narrowed by it."""

import json
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from audit.models import Entry
from demo.seed import TEMPLATES
from directory.models import User
from meetings import commands
from meetings.errors import BadPlan
from meetings.models import MeetingTemplate, OnlineMeeting, Organizer
from meetings.models_templates import MeetingOptions
from meetings.templates import OPTIONS
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings, make_organizer
from tests.meetings.test_pages import told
from tests.meetings.test_scheduling import plan
from tests.people import api, tenant_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def consultation(db: None) -> MeetingTemplate:
    """Return a template that differs from what a form begins with."""
    return MeetingTemplate.objects.create(
        tenant_id=tenant_id(),
        name="Consultation",
        minutes=45,
        subject="Consultation with",
        lobby="organizer",
        presenters="organizer",
        chat="limited",
        camera=False,
        dial_in_bypass=True,
        passcode=False,
    )


@pytest.fixture
def desk(max_: User) -> Client:
    return browser_of(max_)


def test_every_option_of_a_meeting_is_one_of_templates() -> None:
    assert {field.name for field in MeetingOptions._meta.get_fields()} == set(OPTIONS)


def test_the_form_is_filled_in_and_what_was_chosen_stays_with_the_meeting(
    dana: Organizer, desk: Client, consultation: MeetingTemplate, microsoft: Meetings, clock: Clock
) -> None:
    page = desk.get(f"/meetings/new/?template={consultation.pk}&zone=UTC")
    form = page.context["form"]
    begins, ends = form["begins"].value(), form["ends"].value()
    assert (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % (24 * 60) == 45
    assert form["subject"].value() == "Consultation with" and form["template"].value() == consultation.pk
    assert {name: form[name].value() for name in OPTIONS} == {
        "lobby": "organizer",
        "presenters": "organizer",
        "chat": "limited",
        "dial_in_bypass": True,
        "camera": False,
        "microphone": True,
        "record": False,
        "announce": False,
        "passcode": False,
    }
    desk.post("/meetings/new/", told(dana, template=str(consultation.pk)))
    made = OnlineMeeting.objects.get()
    assert made.template == consultation
    shown = desk.get(f"/meetings/{made.pk}/").content.decode()
    assert re.search(r"<dt>Template</dt><dd[^>]*>Consultation</dd>", shown)
    (entry,) = Entry.objects.filter(kind="meeting.scheduled")
    assert entry.data["template"] == consultation.pk


def test_browsers_are_told_the_same(dana: Organizer, desk: Client, consultation: MeetingTemplate) -> None:
    page = desk.get("/meetings/new/")
    ((_, fills),) = page.context["templates"]
    assert json.loads(fills) == {
        "subject": "Consultation with",
        "minutes": 45,
        **{name: getattr(consultation, name) for name in OPTIONS},
    }


@pytest.mark.parametrize("odd", ["x", "0", "9" * 30, "-1", "²"])
def test_a_template_that_there_is_not_fills_in_nothing(
    dana: Organizer, desk: Client, consultation: MeetingTemplate, odd: str
) -> None:
    page = desk.get("/meetings/new/", {"template": odd})
    assert page.status_code == 200 and page.context["form"]["template"].value() is None
    assert desk.get("/meetings/", {"template": odd}).status_code == 200
    assert desk.post("/meetings/new/", told(dana, template=odd)).status_code == 400
    assert not OnlineMeeting.objects.exists()


def test_what_is_archived_or_another_tenants_is_offered_nobody(
    dana: Organizer, desk: Client, max_: User, consultation: MeetingTemplate, clock: Clock
) -> None:
    foreign = MeetingTemplate.objects.create(tenant_id="another", name="Foreign")
    MeetingTemplate.objects.filter(pk=consultation.pk).update(is_archived=True)
    page = desk.get(f"/meetings/new/?template={consultation.pk}")
    assert page.context["templates"] == [] and page.context["form"]["template"].value() is None
    for template in (consultation, foreign):
        with pytest.raises(BadPlan) as refused:
            commands.schedule(max_, dana.pk, plan(), template_id=template.pk)
        assert set(refused.value.problems) == {"template"}


def test_the_calendar_shows_what_was_made_from_one_in_every_view(
    dana: Organizer, desk: Client, max_: User, consultation: MeetingTemplate, clock: Clock
) -> None:
    made = commands.schedule(max_, dana.pk, plan(subject="From it"), template_id=consultation.pk)
    commands.schedule(max_, dana.pk, plan(subject="Without any"))
    MeetingTemplate.objects.update(is_archived=True)  # what was made from it is still found
    for view in ("agenda", "week", "month"):
        path = f"/meetings/?day={made.starts_at.date()}&view={view}&template={consultation.pk}"
        shown = desk.get(path).content.decode()
        assert "From it" in shown and "Without any" not in shown
        assert f'<option value="{consultation.pk}" selected>Consultation (archived)</option>' in shown
        links = re.findall(r'href="(\?[^"]*view=[^"]*)"', shown)
        assert links and all(f"template={consultation.pk}" in link for link in links)


def test_the_api_lists_keeps_and_narrows(
    dana: Organizer, max_: User, rita: User, eve: User, consultation: MeetingTemplate, clock: Clock
) -> None:
    MeetingTemplate.objects.create(tenant_id="another", name="Foreign")
    listed = api(rita).get("/api/v1/meeting-templates/").json()["results"]
    assert [(one["name"], one["minutes"], one["passcode"]) for one in listed] == [("Consultation", 45, False)]
    assert api(eve).get("/api/v1/meeting-templates/").status_code == 403
    wanted = plan()
    body = {"organizer": dana.pk, "subject": "By program", "zone": "UTC"}
    body |= {"starts_at": wanted.starts_at.isoformat(), "ends_at": wanted.ends_at.isoformat()}
    desk = api(max_)
    made = desk.post("/api/v1/meetings/", body | {"template": consultation.pk}, format="json")
    assert made.json()["template"] == {"id": consultation.pk, "name": "Consultation"}
    plain = desk.post("/api/v1/meetings/", body, format="json").json()
    assert plain["template"] is None
    found = desk.get(f"/api/v1/meetings/?template={consultation.pk}").json()["results"]
    assert [one["id"] for one in found] == [made.json()["id"]]
    refused = desk.post("/api/v1/meetings/", body | {"template": consultation.pk + 9}, format="json")
    assert refused.status_code == 422 and set(refused.json()["errors"]) == {"template"}


def test_administrators_see_all_and_those_without_organisers_none(
    dana: Organizer, ada: User, omar: User, consultation: MeetingTemplate
) -> None:
    MeetingTemplate.objects.create(tenant_id="another", name="Foreign")
    assert len(api(ada).get("/api/v1/meeting-templates/").json()["results"]) == 2
    assert api(omar).get("/api/v1/meeting-templates/").json()["results"] == []


def form_of(**changes: Any) -> dict[str, Any]:
    choices = {"lobby": "everyone", "presenters": "everyone", "chat": "enabled", "camera": "on"}
    return {"tenant_id": tenant_id(), "name": "Round", "minutes": "20", "subject": "", **choices, **changes}


@pytest.fixture
def office(ada: User, settings: Any) -> Client:
    settings.GRAPH_TENANT_IDS = [tenant_id()]
    return browser_of(ada)


def test_administrators_keep_them_and_each_change_is_on_record(
    office: Client, dana: Organizer, max_: User, clock: Clock
) -> None:
    assert office.post("/admin/meetings/meetingtemplate/add/", form_of()).status_code == 302
    made = MeetingTemplate.objects.get()
    assert (made.minutes, made.lobby, made.microphone, made.passcode) == (20, "everyone", False, False)
    path = f"/admin/meetings/meetingtemplate/{made.pk}"
    changed = {name: value for name, value in form_of(minutes="25").items() if name != "tenant_id"}
    assert office.post(f"{path}/change/", changed).status_code == 302
    commands.schedule(max_, dana.pk, plan(), template_id=made.pk)
    office.post(f"{path}/delete/", {"post": "yes"})  # a meeting was made from it
    assert MeetingTemplate.objects.exists()
    OnlineMeeting.objects.all().delete()
    assert office.post(f"{path}/delete/", {"post": "yes"}).status_code == 302
    assert not MeetingTemplate.objects.exists()
    entries = Entry.objects.filter(kind__startswith="meeting_template.").order_by("seq")
    assert [(one.kind, one.actor) for one in entries] == [
        ("meeting_template.added", "ada"),
        ("meeting_template.changed", "ada"),
        ("meeting_template.deleted", "ada"),
    ]
    assert entries[1].data["changes"] == {"minutes": [20, 25]} and entries[2].data["template"] == made.pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"name": ""}, "name"),
        ({"name": "Consultation"}, "__all__"),
        ({"subject": "two\u2028lines"}, "subject"),
        ({"lobby": "nobody"}, "lobby"),
        ({"tenant_id": "elsewhere"}, "tenant_id"),
    ],
)
def test_what_is_no_template_is_refused(
    office: Client, consultation: MeetingTemplate, changes: dict[str, str], field: str
) -> None:
    answer = office.post("/admin/meetings/meetingtemplate/add/", form_of(**changes))
    assert answer.status_code == 200 and field in answer.context["adminform"].form.errors
    assert MeetingTemplate.objects.count() == 1


def test_the_database_takes_no_length_that_is_none() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        MeetingTemplate.objects.create(tenant_id=tenant_id(), name="x", minutes=0)


def test_the_demos_templates_are_valid(db: None) -> None:
    for name, choices in TEMPLATES.items():
        MeetingTemplate(tenant_id=tenant_id(), name=name, **choices).full_clean()


def test_staff_of_a_tenants_organisers_use_its_templates_alone(max_: User, consultation: MeetingTemplate) -> None:
    assert list(MeetingTemplate.objects.for_scheduling(max_)) == []
    make_organizer("Ivo Cruz", max_)
    assert list(MeetingTemplate.objects.for_scheduling(max_)) == [consultation]
