"""What is heard and seen of our own leg in a call (REFERENCE 5.2, 5.3, 5.7, 6.4, 6.5, 7.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from graph.errors import Refused
from graph.paths import CALL
from graph.types import Operation

if TYPE_CHECKING:
    from graph.client import GraphClient

ScreenSharingRole = Literal["viewer", "sharer"]
RecordingStatus = Literal["notRecording", "recording", "failed"]
SCREEN_SHARING_ROLES: tuple[ScreenSharingRole, ...] = ("viewer", "sharer")
RECORDING_STATUSES: tuple[RecordingStatus, ...] = ("notRecording", "recording", "failed")
TONES = {**{str(digit): f"tone{digit}" for digit in range(10)}, "*": "star", "#": "pound"} | {
    letter: letter for letter in "abcd"
}
ACCESS_MEDIA = "Calls.AccessMedia.All"
JOIN_GROUP = "Calls.JoinGroupCall.All"


class Media:
    """The media of one tenant's calls; each method asks, and what follows is notified."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def mute(self, call_id: str, *, client_context: str = "", scenario_id: str = "") -> Operation:
        """Mute ourselves in a group call; https://learn.microsoft.com/graph/api/call-mute"""
        return self._ask("mute", call_id, {}, client_context, scenario_id, repeatable=True)

    def unmute(self, call_id: str, *, client_context: str = "", scenario_id: str = "") -> Operation:
        """Unmute ourselves in a group call; https://learn.microsoft.com/graph/api/call-unmute"""
        return self._ask("unmute", call_id, {}, client_context, scenario_id, repeatable=True)

    def send_tones(
        self,
        call_id: str,
        digits: str,
        *,
        pause_ms: int | None = None,
        client_context: str = "",
        scenario_id: str = "",
    ) -> Operation:
        """Press keys for the other side, such as an extension; https://learn.microsoft.com/graph/api/call-senddtmftones

        :param digits: 0 to 9, * and #, a to d in either case; blanks and dashes between them are left out.
        :param pause_ms: milliseconds between two tones; None leaves it to Graph.
        :raises Refused: a character that no key has, or no tone at all.
        """
        body: dict[str, Any] = {"tones": tones_of(digits)}
        if pause_ms is not None:
            body["delayBetweenTonesMs"] = pause_ms
        return self._ask("sendDtmfTones", call_id, body, client_context, scenario_id)

    def cancel(self, call_id: str, *, client_context: str = "", scenario_id: str = "") -> Operation:
        """Cancel the prompt or recording that runs, and those that wait.

        https://learn.microsoft.com/graph/api/call-cancelmediaprocessing
        """
        return self._ask("cancelMediaProcessing", call_id, {}, client_context, scenario_id, repeatable=True)

    def add_large_gallery_view(
        self, call_id: str, *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Add the gallery of all videos; https://learn.microsoft.com/graph/api/call-addlargegalleryview"""
        return self._ask("addLargeGalleryView", call_id, {}, client_context, scenario_id, permission=JOIN_GROUP)

    def update_recording_status(
        self, call_id: str, status: RecordingStatus, *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Say whether we record: nothing may be kept before this has succeeded (REFERENCE 7.2).

        https://learn.microsoft.com/graph/api/call-updaterecordingstatus
        """
        if status not in RECORDING_STATUSES:
            raise Refused("no such recording status", code="InvalidStatus")
        return self._ask(
            "updateRecordingStatus",
            call_id,
            {"status": status},
            client_context,
            scenario_id,
            repeatable=True,
            permission=ACCESS_MEDIA,
        )

    def change_screen_sharing_role(self, call_id: str, role: ScreenSharingRole, *, scenario_id: str = "") -> str:
        """Share our screen, or watch, where the application hosts the media; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/call-changescreensharingrole
        """
        if role not in SCREEN_SHARING_ROLES:
            raise Refused("no such screen sharing role", code="InvalidRole")
        answer = self._graph.send(
            "POST",
            f"{CALL}/changeScreenSharingRole",
            {"call": call_id},
            body={"role": role},
            scenario_id=scenario_id,
            repeatable=True,
            permission=ACCESS_MEDIA,
        )
        return answer.request_id

    def _ask(
        self,
        action: str,
        call_id: str,
        body: dict[str, Any],
        client_context: str,
        scenario_id: str,
        *,
        repeatable: bool = False,
        permission: str = "",
    ) -> Operation:
        return self._graph.operations.ask(
            action,
            {"call": call_id},
            body,
            client_context=client_context,
            scenario_id=scenario_id,
            repeatable=repeatable,
            permission=permission,
        )


def tones_of(digits: str) -> Sequence[str]:
    """Spell keys as Graph's tones.

    :raises Refused: a character that no key has, or no key at all; the message does not repeat them.
    """
    keys = [key for key in digits.lower() if key not in " -"]
    if not keys or any(key not in TONES for key in keys):
        raise Refused("tones are 0 to 9, *, # and A to D", code="InvalidTone")
    return [TONES[key] for key in keys]
