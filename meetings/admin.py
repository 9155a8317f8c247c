"""Organisers and meetings in the admin: administrators name organisers and their staff; meetings are read."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from audit.admin import Button, KeptAdmin, ReadableAdmin, require
from audit.trail import Event, append
from directory.models import Person
from directory.roles import ADMIN
from meetings import feeds, preflight
from meetings.models import (
    AttendanceFetch,
    AttendanceRecord,
    AttendanceReport,
    Attendee,
    CalendarLink,
    Invitation,
    MeetingTemplate,
    OnlineMeeting,
    Organizer,
)
from meetings.rules.plan import difference, one_line

MOST_CHECKED: Final = 10  # at once: each is a request
OPTION_LABELS: Final = {
    "dial_in_bypass": "Who dials in skips the lobby",
    "camera": "Attendees may turn their camera on",
    "microphone": "Attendees may turn their microphone on",
    "record": "Teams records by itself",
    "announce": "Coming and going by telephone is announced",
    "passcode": "Joining by meeting id needs a passcode",
    "is_archived": "Archived: nobody makes meetings from it any more",
}


class OrganizerForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """Somebody of the directory in whose name meetings are held."""

    tenant_id = forms.ChoiceField(label="Tenant", help_text="The Microsoft tenant that they belong to.")

    class Meta:
        model = Organizer
        fields = ["tenant_id", "oid", "staff"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tenants of the settings."""
        super().__init__(*args, **kwargs)
        if "tenant_id" in self.fields:
            choices = [(tenant, tenant) for tenant in settings.GRAPH_TENANT_IDS]
            self.fields["tenant_id"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check that the directory has them, and take their name from there."""
        told = super().clean() or self.cleaned_data
        if "oid" in told:
            tenant = told.get("tenant_id") or self.instance.tenant_id
            person = Person.objects.filter(tenant_id=tenant, oid=told["oid"].strip().lower()).first()
            if person is None:
                self.add_error("oid", "The directory knows nobody of this object id in that tenant.")
            else:
                told["oid"], self.instance.name = person.oid, person.name
        return told


@admin.register(Organizer)
class OrganizerAdmin(KeptAdmin):
    """In whose names meetings are held, and who sees them. Managers among the staff schedule."""

    form = OrganizerForm
    actions = ("preflight",)
    list_display = ("name", "oid", "tenant_id")
    search_fields = ("name", "=oid")
    filter_horizontal = ("staff",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer what asks alone: organisers are deleted one by one."""
        actions: dict[str, Any] = super().get_actions(request)
        return {name: actions[name] for name in self.actions if name in actions}

    @admin.action(description="Ask Microsoft whether the portal may act for them", permissions=["view"])
    def preflight(self, request: HttpRequest, queryset: QuerySet[Organizer]) -> None:
        """Say of each whether meetings can be held in their name, and if not what to do."""
        if queryset.count() > MOST_CHECKED:
            self.message_user(request, f"Choose at most {MOST_CHECKED} of them.", messages.ERROR)
            return
        for one in preflight.check(queryset):
            if one.failure is None:
                self.message_user(
                    request,
                    f"{one.organizer.name}: the policy is there. OnlineMeetings.ReadWrite.All is needed too.",
                    messages.SUCCESS,
                )
                if one.calendar is not None:
                    said = f"{one.organizer.name}: no series and no free times. {one.calendar.title}."
                    self.message_user(request, f"{said} {one.calendar.detail}", messages.WARNING)
            else:
                said = f"{one.organizer.name}: {one.failure.title}. {one.failure.detail}"
                self.message_user(request, said, messages.ERROR)

    def get_readonly_fields(self, request: HttpRequest, obj: Organizer | None = None) -> tuple[str, ...]:
        """Have an organiser stay who they are: their meetings are held in that name."""
        return ("tenant_id", "oid") if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put on record who is whose staff."""
        super().save_related(request, form, formsets, change)
        organizer: Organizer = form.instance
        staff = sorted(organizer.staff.values_list("username", flat=True))
        _record(request, "organizer.changed" if change else "organizer.added", organizer, staff=staff)

    def delete_model(self, request: HttpRequest, obj: Organizer) -> None:
        """Put on record that nobody holds meetings in their name any more."""
        super().delete_model(request, obj)
        _record(request, "organizer.deleted", obj)


class MeetingTemplateForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """How meetings of one kind are held."""

    tenant_id = forms.ChoiceField(label="Tenant", help_text="The Microsoft tenant whose organisers hold them.")

    class Meta:
        model = MeetingTemplate
        fields = [
            *("tenant_id", "name", "minutes", "subject", "lobby", "dial_in_bypass", "presenters", "chat"),
            *("camera", "microphone", "record", "announce", "passcode", "is_archived"),
        ]
        labels = OPTION_LABELS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tenants of the settings."""
        super().__init__(*args, **kwargs)
        if "tenant_id" in self.fields:
            choices = [(tenant, tenant) for tenant in settings.GRAPH_TENANT_IDS]
            self.fields["tenant_id"].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Take a name of one line."""
        return self._one_line("name")

    def clean_subject(self) -> str:
        """Take a subject of one line."""
        return self._one_line("subject")

    def _one_line(self, field: str) -> str:
        text: str = self.cleaned_data[field]
        if text != one_line(text):
            raise forms.ValidationError("Write one line, without control characters.")
        return text


@admin.register(MeetingTemplate)
class MeetingTemplateAdmin(KeptAdmin):
    """Templates of meetings. One that a meeting was made from can be archived, not deleted."""

    form = MeetingTemplateForm
    actions = None
    list_display = ("name", "minutes", "lobby", "is_archived", "tenant_id")
    list_filter = ("is_archived",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: MeetingTemplate | None = None) -> tuple[str, ...]:
        """Have a template stay in its tenant: meetings there were made from it."""
        return ("tenant_id",) if obj else ()

    def save_model(self, request: HttpRequest, obj: MeetingTemplate, form: Any, change: bool) -> None:
        """Put on record what it is, and of a change what is different."""
        before = _template(MeetingTemplate.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        changes = difference(before, _template(obj))
        _record_template(request, "changed" if change else "added", obj, changes=changes)

    def delete_model(self, request: HttpRequest, obj: MeetingTemplate) -> None:
        """Put on record that there is no such template any more."""
        key = obj.pk
        super().delete_model(request, obj)
        obj.pk = key
        _record_template(request, "deleted", obj)


def _template(template: MeetingTemplate) -> dict[str, Any]:
    return {name: getattr(template, name) for name in MeetingTemplateForm.Meta.fields}


def _record_template(request: HttpRequest, what: str, template: MeetingTemplate, **data: Any) -> None:
    about = {"template": template.pk, "name": template.name}
    kind = f"meeting_template.{what}"
    append([Event(kind, request.user.get_username(), template.tenant_id, data=about | data)])


def _record(request: HttpRequest, kind: str, organizer: Organizer, **data: Any) -> None:
    about = {"oid": organizer.oid, "name": organizer.name}
    append([Event(kind, request.user.get_username(), organizer.tenant_id, data=about | data)])


@admin.register(OnlineMeeting)
class OnlineMeetingAdmin(ReadableAdmin):
    """Meetings."""

    ordering = ("-starts_at",)
    list_display = ("starts_at", "subject", "organizer", "state", "version", "sent", "error_title")
    list_filter = ("state", "organizer")
    list_select_related = ("organizer",)
    search_fields = ("=id", "=graph_id", "=number", "subject")


@admin.register(Attendee)
class AttendeeAdmin(ReadableAdmin):
    """Who is invited."""

    list_display = ("meeting", "name", "address", "role")
    list_select_related = ("meeting",)
    search_fields = ("=meeting__id", "=oid", "address", "name")


@admin.register(AttendanceFetch)
class AttendanceFetchAdmin(ReadableAdmin):
    """How far the attendance of meetings has been read."""

    list_display = ("meeting", "due_at", "fetched_at", "error_title")
    list_select_related = ("meeting",)
    search_fields = ("=meeting__id",)


@admin.register(AttendanceReport)
class AttendanceReportAdmin(ReadableAdmin):
    """Sessions of meetings."""

    ordering = ("-id",)
    list_display = ("meeting", "starts_at", "ends_at", "participant_count", "fetched_at")
    list_select_related = ("meeting",)
    search_fields = ("=meeting__id", "=graph_id")


@admin.register(AttendanceRecord)
class AttendanceRecordAdmin(ReadableAdmin):
    """Who was in a session."""

    list_display = ("report", "name", "email", "role")
    list_select_related = ("report",)
    search_fields = ("=report__meeting__id", "=oid", "email", "name")


@admin.register(Invitation)
class InvitationAdmin(ReadableAdmin):
    """Letters to those who are invited, and what became of them."""

    ordering = ("-planned_at", "-pk")
    list_display = ("planned_at", "meeting", "address", "kind", "sequence", "state", "sent_at", "error")
    list_filter = ("state", "kind")
    list_select_related = ("meeting",)
    search_fields = ("=meeting__id", "address", "name")


@admin.register(CalendarLink)
class CalendarLinkAdmin(ReadableAdmin):
    """Who reads meetings by a secret link; the link itself is not kept. Administrators end anybody's."""

    exclude = ("digest",)
    list_display = ("user", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__username",)

    def get_urls(self) -> list[URLPattern]:
        """Add the revocation."""
        revoke = self.admin_site.admin_view(self.revoke)
        return [path("<int:pk>/revoke/", revoke, name="meetings_calendarlink_revoke"), *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Offer to revoke what still works."""
        if row.revoked_at is not None:
            return []
        return [Button("Revoke", reverse("admin:meetings_calendarlink_revoke", args=[row.pk]))]

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End a link at once."""
        require(request, ADMIN, "POST")
        link = get_object_or_404(CalendarLink.objects.select_related("user"), pk=pk)
        ended = feeds.revoke(link, actor=request.user.get_username())
        text = f"The {link} is revoked." if ended else f"The {link} was revoked before."
        self.message_user(request, text, messages.SUCCESS if ended else messages.WARNING)
        return HttpResponseRedirect(reverse("admin:meetings_calendarlink_change", args=[pk]))
