"""Calls and what hangs on them in the admin: readable, never editable."""

import json

from django.contrib import admin

from audit.admin import ReadableAdmin
from calls import asking
from calls.models import Call, Operation, Participant, Timer


@admin.register(Call)
class CallAdmin(ReadableAdmin):
    """Calls."""

    ordering = ("-received_at",)
    list_display = ("received_at", "caller_name", "caller_phone", "line", "state", "outcome")
    list_filter = ("state", "outcome", "line")
    list_select_related = ("line",)
    search_fields = ("=id", "=graph_id", "caller_name", "caller_phone")


@admin.register(Operation)
class OperationAdmin(ReadableAdmin):
    """What was asked of Microsoft. The token that settles a create is nobody's to read, nor is a passcode."""

    ordering = ("-created_at",)
    list_display = ("created_at", "kind", "status", "call", "requested_by", "by_fallback", "error_title")
    list_filter = ("kind", "status", "by_fallback")
    list_select_related = ("call", "requested_by")
    search_fields = ("=id", "=call__id", "=call__graph_id", "=request_id")
    exclude = ("token", "parameters")
    readonly_fields = ("asked",)

    @admin.display(description="parameters")
    def asked(self, row: Operation) -> str:
        """Show what was asked, without the passcode of a meeting that the bot is still on its way into."""
        shown = Operation(parameters=dict(row.parameters))
        asking.forget_secrets(shown)
        return json.dumps(shown.parameters, ensure_ascii=False)


@admin.register(Timer)
class TimerAdmin(ReadableAdmin):
    """What is to be done about calls, and when."""

    list_display = ("call", "kind", "due_at", "set_in_state", "attempts", "error")
    list_filter = ("kind",)
    list_select_related = ("call",)
    search_fields = ("=call__id", "=call__graph_id")


@admin.register(Participant)
class ParticipantAdmin(ReadableAdmin):
    """Who was in calls."""

    list_display = ("call", "kind", "name", "joined_at", "left_at")
    list_filter = ("kind",)
    list_select_related = ("call",)
    search_fields = ("=call__id", "=identity_id", "name")
