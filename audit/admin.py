"""The trail in the admin, and what all pages share that show history: readable, never editable."""

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from audit.models import Entry


@dataclass(frozen=True)
class Button:
    """Something that can be done about one row: a POST, or a GET when it only shows more."""

    label: str
    address: str
    method: str = "post"


class ClosedAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Pages of rows that those alone get at who may view them, whichever page they ask for."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model to who may view it; the site lets in whoever is shown one."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """:raises PermissionDenied: before it is told whether there is such a row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().get_queryset(request)


class KeptAdmin(ClosedAdmin):
    """Pages of rows that administrators add, change and delete."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let administrators keep them."""
        return may(request, "admin")

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let administrators add some."""
        return may(request, "admin")


class ReadableAdmin(ClosedAdmin):
    """Pages of rows that people with any right of `readers` may read and nobody may change here."""

    readers: ClassVar[frozenset[str]] = frozenset({"admin"})
    actions = None
    show_full_result_count = False
    change_form_template = "admin/readable.html"
    list_per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let readers read."""
        return any(may(request, right) for right in self.readers)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; there is nothing to post to it."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what the admin did to a row; there is nothing to post to it."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a row with what can be done about it."""
        row = self.get_object(request, unquote(object_id))
        buttons = self.buttons(request, row) if row is not None else []
        return super().change_view(request, object_id, form_url, {"buttons": buttons} | (extra_context or {}))

    def buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Return what `request.user` can do about `row`."""
        return []


def may(request: HttpRequest, right: str) -> bool:
    """Tell whether the person who asks has a right."""
    return right in getattr(request.user, "rights", frozenset())


def require(request: HttpRequest, right: str, method: str) -> None:
    """:raises PermissionDenied: unless the person has the right and asks in the right way."""
    if request.method != method or not may(request, right):
        raise PermissionDenied


@admin.register(Entry)
class EntryAdmin(ReadableAdmin):
    """What happened."""

    ordering = ("-seq",)
    list_display = ("seq", "at", "kind", "actor", "line_id", "call_id")
    list_filter = ("kind",)
    search_fields = ("=seq", "=call_id", "actor")
    date_hierarchy = None
    fields = ("seq", "at", "kind", "actor", "tenant_id", "line_id", "call_id", "details", "previous_hash", "hash")

    @admin.display(description="details")
    def details(self, entry: Model) -> str:
        """Return the data, one fact to a line."""
        return orjson.dumps(entry.data, option=orjson.OPT_INDENT_2).decode()  # type: ignore[attr-defined]
