"""Calls and what hangs on them in the admin: readable, never editable."""

from typing import ClassVar

from django.contrib import admin

from audit.admin import ReadableAdmin
from calls.models import Call, Operation, Participant, Timer


@admin.register(Call)
class CallAdmin(ReadableAdmin):
    """Calls."""

    list_display: ClassVar[list[str]] = [
        "id",
        "state",
        "line",
        "caller_name",
        "caller_phone",
        "received_at",
        "outcome",
    ]
    list_filter: ClassVar[list[str]] = ["state", "outcome", "line"]
    list_select_related: ClassVar[list[str]] = ["line"]
    search_fields: ClassVar[list[str]] = ["=id", "=graph_id", "caller_name", "caller_phone"]


@admin.register(Operation)
class OperationAdmin(ReadableAdmin):
    """What was asked of Microsoft. The token that settles a create is nobody's to read."""

    list_display: ClassVar[list[str]] = [
        "id",
        "kind",
        "status",
        "call",
        "requested_by",
        "created_at",
        "error_title",
    ]
    list_filter: ClassVar[list[str]] = ["kind", "status", "by_fallback"]
    list_select_related: ClassVar[list[str]] = ["call", "requested_by"]
    search_fields: ClassVar[list[str]] = ["=id", "=call__id", "=call__graph_id", "=request_id"]
    exclude: ClassVar[list[str]] = ["token"]


@admin.register(Timer)
class TimerAdmin(ReadableAdmin):
    """What is to be done about calls, and when."""

    list_display: ClassVar[list[str]] = ["call", "kind", "due_at", "set_in_state", "attempts", "error"]
    list_filter: ClassVar[list[str]] = ["kind"]
    list_select_related: ClassVar[list[str]] = ["call"]
    search_fields: ClassVar[list[str]] = ["=call__id", "=call__graph_id"]


@admin.register(Participant)
class ParticipantAdmin(ReadableAdmin):
    """Who was in calls."""

    list_display: ClassVar[list[str]] = ["call", "kind", "name", "joined_at", "left_at"]
    list_filter: ClassVar[list[str]] = ["kind"]
    list_select_related: ClassVar[list[str]] = ["call"]
    search_fields: ClassVar[list[str]] = ["=call__id", "=identity_id", "name"]
