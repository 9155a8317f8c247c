"""Hold music, tones, screens, galleries, routing of sound, recording status (REFERENCE 5 to 7)."""

from typing import Any

import pytest

from simulator.engine import Call, media, operations
from simulator.engine import actions as graph
from simulator.engine import roster_actions as roster

from .conftest import Desk
from .groups import joined_group, person_id
from .test_calls_follow_their_states import ANSWER, established
from .test_limits_and_permissions import APP_HOSTED, refused, without


def streams(desk: Desk, call: Call, participant_id: str) -> list[tuple[str, str]]:
    """Return the streams of somebody in the latest roster."""
    entry = next(one for one in desk.rosters(call)[-1] if one["id"] == participant_id)
    return [(stream["label"], stream["direction"]) for stream in entry["mediaStreams"]]


def test_music_plays_for_one_at_a_time(desk: Desk) -> None:
    call = joined_group(desk)
    bianca, farah = person_id(call, "Bianca Rossi"), person_id(call, "Farah Aziz")
    started = roster.start_music(desk.engine, call, bianca, {"clientContext": "ours"})
    assert started.status == "running"
    assert refused(roster.start_music, desk.engine, call, farah, {}) == (409, "Conflict")
    desk.pass_time(seconds=1)
    assert desk.news(call)[-2] == ("deleted", "startHoldMusicOperation completed")
    assert desk.operations(call)[-1]["clientContext"] == "ours"
    assert streams(desk, call, bianca) == [("main-audio", "receiveOnly")]
    roster.stop_music(desk.engine, call, bianca, {})
    desk.pass_time(seconds=1)
    assert desk.news(call)[-2] == ("deleted", "stopHoldMusicOperation completed")
    assert streams(desk, call, bianca) == [("main-audio", "sendReceive")]
    assert roster.start_music(desk.engine, call, farah, {})


def test_music_that_does_not_play_cannot_be_stopped_and_none_plays_for_who_left(desk: Desk) -> None:
    call = joined_group(desk)
    bianca = person_id(call, "Bianca Rossi")
    roster.stop_music(desk.engine, call, bianca, {})
    desk.pass_time(seconds=1)
    assert desk.operations(call)[-1]["status"] == "failed"
    roster.start_music(desk.engine, call, bianca, {})
    assert call.conference
    roster.person_leaves(desk.engine, call.conference, call.conference.participants[bianca])
    desk.pass_time(seconds=1)
    assert desk.operations(call)[-1]["status"] == "failed"
    assert roster.start_music(desk.engine, call, person_id(call, "Farah Aziz"), {})
    assert refused(roster.start_music, desk.engine, established(desk), bianca, {})[0] == 400


def test_tones_are_sent_one_after_the_other(desk: Desk) -> None:
    call = established(desk)
    body = {"tones": ["tone1", "pound"], "delayBetweenTonesMs": 1000, "clientContext": "ours"}
    operation = media.send_tones(desk.engine, call, body)
    desk.pass_time(seconds=1)
    assert operations.read(call, operation.id)["status"] == "running"
    desk.pass_time(seconds=1)
    (ended,) = desk.operations(call)
    assert (ended["status"], ended["completionReason"]) == ("completed", "completedSuccessfully")


def test_cancelled_tones_say_completed_with_another_reason(desk: Desk) -> None:
    call = established(desk)
    media.send_tones(desk.engine, call, {"tones": ["tone1"] * 9, "delayBetweenTonesMs": 5000})
    cancelled = media.cancel(desk.engine, call, {"clientContext": "ours"})
    assert (cancelled.status, cancelled.context) == ("completed", "ours")
    desk.pass_time(minutes=2)
    (ended,) = desk.operations(call)
    assert (ended["status"], ended["completionReason"]) == ("completed", "mediaOperationCanceled")


@pytest.mark.parametrize("body", [{"tones": []}, {"tones": ["tone1"], "delayBetweenTonesMs": -1}])
def test_tones_have_bounds(desk: Desk, body: dict[str, Any]) -> None:
    assert refused(media.send_tones, desk.engine, established(desk), body) == (400, "BadRequest")


def app_hosted(desk: Desk) -> Call:
    """Return a group call whose media the application hosts."""
    return joined_group(desk, mediaConfig=APP_HOSTED)


def test_what_needs_the_other_way_of_hosting_is_refused(desk: Desk) -> None:
    call = desk.ring()
    graph.answer(desk.engine, desk.app, call, {**ANSWER, "mediaConfig": APP_HOSTED})
    desk.pass_time(seconds=1)
    assert refused(media.send_tones, desk.engine, call, {"tones": ["tone1"]}) == (400, "BadRequest")
    assert refused(media.cancel, desk.engine, call, {}) == (400, "BadRequest")
    group = joined_group(desk)
    desk.faults.merge({"inferred_subcodes": True})
    assert refused(media.share_screen, desk.engine, desk.app, group, {"role": "sharer"}) == (400, "8500")
    assert refused(media.add_gallery, desk.engine, desk.app, group, {}) == (400, "8500")


def test_a_shared_screen_is_a_stream_in_the_roster(desk: Desk) -> None:
    call = app_hosted(desk)
    assert media.share_screen(desk.engine, desk.app, call, {"role": "sharer"})
    assert ("applicationsharing-video", "sendOnly") in streams(desk, call, call.my_participant_id)
    media.share_screen(desk.engine, desk.app, call, {"role": "viewer"})
    assert streams(desk, call, call.my_participant_id) == [("main-audio", "sendReceive")]
    app = without(desk, "Calls.AccessMedia.All")
    assert refused(media.share_screen, desk.engine, app, call, {"role": "sharer"}) == (403, "7504")


def test_a_gallery_is_added(desk: Desk) -> None:
    call = app_hosted(desk)
    assert media.add_gallery(desk.engine, desk.app, call, {"clientContext": "ours"}).status == "running"
    desk.pass_time(seconds=1)
    assert desk.news(call)[-1] == ("deleted", "addLargeGalleryViewOperation completed")


def test_the_recording_status_is_in_the_roster(desk: Desk) -> None:
    call = joined_group(desk)
    done = media.record_status(desk.engine, desk.app, call, {"status": "recording"})
    assert (done.kind, done.status) == ("updateRecordingStatusOperation", "completed")
    info = desk.rosters(call)[-1][0]["recordingInfo"]
    assert (info["recordingStatus"], info["initiator"]["application"]["id"]) == ("recording", desk.app.app_id)
    wrong = {"status": "unknown"}
    assert refused(media.record_status, desk.engine, desk.app, call, wrong) == (400, "BadRequest")
    app = without(desk, "Calls.AccessMedia.All", "Calls.JoinGroupCall.All")
    assert refused(media.record_status, desk.engine, app, call, {"status": "recording"}) == (403, "7504")


def test_sound_is_routed_between_participants(desk: Desk) -> None:
    call = joined_group(desk)
    conference = media.routing(desk.engine, desk.app, call)
    bianca, farah, own = person_id(call, "Bianca Rossi"), person_id(call, "Farah Aziz"), call.my_participant_id
    body = {"id": "ours", "routingMode": "oneToOne", "sources": [own], "receivers": [bianca]}
    assert media.add_group(desk.engine, conference, body)["id"] == "ours"
    assert refused(media.add_group, desk.engine, conference, body) == (409, "Conflict")
    two = {"routingMode": "multicast", "receivers": [bianca, farah]}
    assert media.change_group(conference, "ours", two)["receivers"] == [bianca, farah]
    for wrong in (
        {"routingMode": "oneToOne"},
        {"receivers": ["nobody"]},
        {"sources": []},
        {"sources": [own, own]},
    ):
        assert refused(media.change_group, conference, "ours", wrong) == (400, "BadRequest")
    media.remove_group(conference, "ours")
    assert refused(media.find_group, conference, "ours") == (404, "8522")
    assert refused(media.routing, desk.engine, desk.app, established(desk)) == (400, "BadRequest")
