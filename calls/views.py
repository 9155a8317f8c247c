"""Pages: the console, the list of calls, one call."""

import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from calls import cards, timeline, words
from calls.models import Call
from calls.pages import Page, newest_first
from calls.rules import endings
from directory.models import User
from directory.roles import SEE
from routing.models import Line

LANES = (
    {"name": "ringing", "title": "Ringing", "nothing": "Nobody rings."},
    {"name": "live", "title": "Live"},
    {"name": "handled", "title": "Handled", "folds": True},
    {"name": "missed", "title": "Missed", "folds": True},
)
KEYS = (
    ("F2", "Take the chosen call, or the one that rings longest"),
    ("F3", "Put the caller of a call of several on hold, or bring them back"),
    ("F4", "Reject what rings; hang up what is answered, after asking"),
    ("F7", "Talk first: ring the chosen person into a call of several while its caller is on hold"),
    ("F8", "Redirect or transfer to the chosen person"),
    ("⇧F8", "Invite the chosen person into an answered call"),
    ("F9", "Park the chosen call, or take its caller back; then a digit for the slot, with no such call"),
    ("Alt N", "New call: people together, or a meeting"),
    ("Ctrl K or /", "Search people; / outside fields"),
    ("C", "Claim or release the chosen call, inside queue or call"),
    ("↑ ↓ Home End", "Move in a list"),
    ("Alt Q", "Queue"),
    ("Alt C", "Call"),
    ("Alt D", "People"),
    ("Esc", "Back one level; never ends a call"),
    ("?", "This sheet"),
)
LONGEST = 200  # characters of a search
SKELETONS = ("a", "b", "c", "d", "a", "c")


def sees_nothing(request: HttpRequest) -> bool:
    """Tell whether the person has no right to see calls."""
    return SEE not in request.user.rights  # type: ignore[union-attr]


def no_access(request: HttpRequest) -> HttpResponse:
    """Say what somebody without a role can do about it."""
    return render(request, "calls/no_access.html", status=403)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Go to the console, where people work."""
    return no_access(request) if sees_nothing(request) else redirect("console")


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """Show the live console; its rows come over the socket."""
    if sees_nothing(request):
        return no_access(request)
    lines = Line.objects.visible_to(request.user)  # type: ignore[arg-type]
    context = {"page": "console", "lines": lines, "lanes": LANES, "keys": KEYS, "skeletons": SKELETONS}
    return render(request, "calls/console.html", context)


@require_safe
def call_list(request: HttpRequest) -> HttpResponse:
    """Show the calls a person may see, newest first, narrowed by text, line and state."""
    if sees_nothing(request):
        return no_access(request)
    asked = {
        name: request.GET.get(name, "").replace("\0", "").strip()[:LONGEST] for name in ("q", "line", "state")
    }
    page = newest_first(search(visible(request), **asked), request.GET.get("cursor", ""))
    context = {
        "page": "calls",
        "asked": asked,
        "lines": Line.objects.visible_to(request.user),  # type: ignore[arg-type]
        "rows": [row(call) for call in page.rows],
        "next": address(asked, page),
        "narrowed": any(asked.values()),
        "later": "cursor" in request.GET,
    }
    return render(request, "calls/call_list.html", context)


@require_safe
def call_detail(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    """Show what is known of one call and what happened to it."""
    if sees_nothing(request):
        return no_access(request)
    call = get_object_or_404(visible(request), pk=call_id)
    context = {
        "page": "calls",
        **row(call),
        "participants": call.participants.all(),
        "operations": call.operations.select_related("requested_by"),
        "remedy": endings.remedy(call.result_subcode),
        "bridge_of": cards.bridge_of(call.operations.all()),
        "timeline": story(call),
    }
    return render(request, "calls/call_detail.html", context)


def visible(request: HttpRequest) -> QuerySet[Call]:
    """Return the calls of the person's scope with what a row shows."""
    calls = Call.objects.visible_to(request.user)  # type: ignore[arg-type]
    return calls.select_related("line", "handled_by")


def search(calls: QuerySet[Call], q: str, line: str, state: str) -> QuerySet[Call]:
    """Narrow `calls` by caller, number or Graph's id, by line and by whether they are over."""
    if q:
        calls = calls.filter(
            contains(("caller_name", "caller_phone", "caller_id", "handled_to"), q) | Q(graph_id__iexact=q)
        )
    if line:
        calls = calls.filter(line_id=line) if line.isdecimal() and len(line) < 10 else calls.none()
    if state in ("live", "ended"):
        calls = calls.live() if state == "live" else calls.terminated()  # type: ignore[attr-defined]
    return calls


def contains(fields: tuple[str, ...], text: str) -> Q:
    """Return the condition that any of `fields` contains `text`, in any case."""
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": text})
    return found


def row(call: Call) -> dict[str, Any]:
    """Return what a row or the head of a call's page shows."""
    return {
        "call": call,
        "caller": words.caller_of(call),
        "result": words.result_of(call),
        "waited": words.waited(call),
        "talked": words.talked(call),
    }


def address(asked: dict[str, str], page: Page) -> str:
    """Return the query of the next page, empty when there is none."""
    return page.next_query({name: value for name, value in asked.items() if value})


def story(call: Call) -> list[dict[str, Any]]:
    """Return the timeline with names instead of sign-ins, and how long after the first event each one was."""
    events = timeline.of(call)
    people = User.objects.filter(username__in={event["actor"] for event in events})
    names = {person.username: person.get_full_name() for person in people}
    return [event | told(event, events[0], names) for event in events]


def told(event: dict[str, Any], first: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """Return what a page adds to an event of the timeline."""
    return {
        "actor": names.get(event["actor"], event["actor"]),
        "after": words.after(event["at"] - first["at"]),
        "tone": words.tone_of(event),
    }
