"""Deliveries in the admin: readable, the dead ones replayable, their raw bodies only on record."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from audit.admin import Button, ReadableAdmin, may, require
from audit.trail import Event, append
from webhooks import deliveries
from webhooks.models import Delivery, Subscription


@admin.register(Delivery)
class DeliveryAdmin(ReadableAdmin):
    """What Microsoft told us."""

    readers = frozenset({"admin", "read_raw", "replay"})
    list_display = ("id", "status", "received_at", "call_key", "attempts", "duplicates", "error")
    list_filter = ("status",)
    search_fields = ("=id", "=call_key", "=message_key")
    ordering = ("-id",)
    fields = (
        "status",
        "error",
        "tenant_id",
        "call_key",
        "scenario_id",
        "message_key",
        "index",
        "received_at",
        "applied_at",
        "due_at",
        "attempts",
        "duplicates",
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the replay and the raw body."""
        own = [
            path("<int:pk>/replay/", self.admin_site.admin_view(self.replay), name="webhooks_delivery_replay"),
            path("<int:pk>/body/", self.admin_site.admin_view(self.body), name="webhooks_delivery_body"),
        ]
        return own + super().get_urls()

    def buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Offer what the person may do."""
        offered = []
        if may(request, "read_raw"):
            offered.append(Button("Raw body", reverse("admin:webhooks_delivery_body", args=[row.pk]), "get"))
        if may(request, "replay") and row.status == Delivery.Status.DEAD:
            offered.append(Button("Replay", reverse("admin:webhooks_delivery_replay", args=[row.pk])))
        return offered

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a dead delivery applied anew."""
        require(request, "replay", "POST")
        delivery = _get(pk)
        try:
            deliveries.replay(delivery, request.user.get_username())
        except deliveries.NotDead as error:
            self.message_user(request, error.detail, messages.WARNING)
        else:
            self.message_user(request, f"{delivery} is applied anew.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[pk]))

    def body(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what Microsoft sent, and put on record who looked."""
        require(request, "read_raw", "GET")
        delivery = _get(pk)
        with transaction.atomic():
            data = {"delivery": pk, "call_key": delivery.call_key}
            append([Event("raw.read", request.user.get_username(), delivery.tenant_id, data=data)])
        context = self.admin_site.each_context(request) | {"title": f"Body of {delivery}", "body": delivery.body}
        return render(request, "admin/raw_body.html", context)


@admin.register(Subscription)
class SubscriptionAdmin(ReadableAdmin):
    """What Microsoft tells us the changes of."""

    list_display = ("__str__", "is_wanted", "expires_at", "due_at", "error")
    list_filter = ("kind", "is_wanted")
    search_fields = ("=graph_id", "resource")
    fields = (
        "kind",
        "tenant_id",
        "resource",
        "changes",
        "is_wanted",
        "graph_id",
        "expires_at",
        "due_at",
        "attempts",
        "created_at",
        "error",
    )


def _get(pk: int) -> Delivery:
    delivery: Delivery | None = Delivery.objects.filter(pk=pk).first()
    if delivery is None:
        raise Http404
    return delivery
