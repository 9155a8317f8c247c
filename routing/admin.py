"""Lines in the admin: who staffs them and what happens when nobody decides. Every change is on record."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.admin import KeptAdmin, may
from audit.trail import Event, append
from directory.models import Person
from directory.roles import CONFIGURE_LINE
from routing.models import Line

FIELDS = ("name", "phone", "instance_id", "mode", "organizers", "fallback", "fallback_kind", "fallback_target")


class LineForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """A line, with its fallback checked as a whole."""

    tenant_id = forms.ChoiceField(label="Tenant", help_text="The Microsoft tenant that the line belongs to.")

    class Meta:
        model = Line
        fields = ["tenant_id", *FIELDS, "staff"]
        widgets = {"organizers": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tenants of the settings, and the line's own should it be none of them."""
        super().__init__(*args, **kwargs)
        if "tenant_id" in self.fields:
            known = dict.fromkeys([*settings.GRAPH_TENANT_IDS, *filter(None, [self.instance.tenant_id])])
            self.fields["tenant_id"].choices = [(tenant, tenant) for tenant in known]  # type: ignore[attr-defined]

    def _get_validation_exclusions(self) -> set[str]:
        """Check names and numbers within the tenant also where the form does not show it."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # not in the stubs
        return excluded - {"tenant_id"}

    def clean_instance_id(self) -> str:
        """Check the bot identity."""
        return _identity(self.cleaned_data["instance_id"])

    def clean_organizers(self) -> str:
        """Check the object ids, each once, one on each line."""
        written = self.cleaned_data["organizers"].replace(",", " ").split()
        return "\n".join(dict.fromkeys(_identity(text) for text in written))

    def clean(self) -> dict[str, Any]:
        """Check that the fallback has the target it needs and no other, and a bridge its organiser."""
        told = super().clean() or self.cleaned_data
        if told.get("mode") == Line.Mode.BRIDGE and told.get("organizers") == "":
            self.add_error("organizers", "Name at least one person in whose name the meetings are held.")
        kind, target = told.get("fallback_kind", ""), told.get("fallback_target", "")
        try:
            told["fallback_target"] = check_fallback(str(told.get("fallback")), kind, target)
        except ValidationError as error:
            self.add_error("fallback_target", error)
        return told


def check_fallback(fallback: str, kind: str, target: str) -> str:
    """Return the target as it is kept.

    :raises ValidationError: when fallback, kind and target do not fit together.
    """
    if fallback == Line.Fallback.REJECT:
        if kind or target:
            raise ValidationError("A rejected call goes nowhere: leave kind and target empty.")
        return ""
    if fallback == Line.Fallback.VOICEMAIL and kind != Line.TargetKind.USER:
        raise ValidationError("Voicemail is a person's: choose the kind person.")
    if not kind or not target:
        raise ValidationError("Say where the call goes: kind and target.")
    if kind == Line.TargetKind.PHONE:
        Line._meta.get_field("phone").run_validators(target)
        return target
    return _identity(target)


def _identity(text: str) -> str:
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError:
        raise ValidationError("Write the object id as in Microsoft Entra (a GUID).") from None


@admin.register(Line)
class LineAdmin(KeptAdmin):
    """What callers reach: people configure the lines of their scope, administrators add and delete lines."""

    form = LineForm
    actions = None
    list_display = ("name", "phone", "instance_id", "mode", "fallback", "goes_to")
    search_fields = ("name", "phone")
    filter_horizontal = ("staff",)

    @admin.display(description="fallback target", empty_value="-")
    def goes_to(self, line: Line) -> str | None:
        """Return whom the fallback means, by name where the directory has one."""
        person = Person.objects.filter(tenant_id=line.tenant_id, oid=line.fallback_target).first()
        return person.name if person else line.fallback_target or None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Line]:
        """Return the lines of the person's scope."""
        lines: Any = super().get_queryset(request)
        return lines.visible_to(request.user)  # type: ignore[no-any-return]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those read who may configure."""
        return may(request, CONFIGURE_LINE)

    has_change_permission = has_view_permission

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep a line in its tenant: its calls are there."""
        return ("tenant_id",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Line, form: Any, change: bool) -> None:
        """Save, and remember what was before for the record."""
        kept = Line.objects.filter(pk=obj.pk).first() if change else None
        obj.before = _facts(kept) if kept else {}  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the staff and put the whole change on record."""
        super().save_related(request, form, formsets, change)
        line: Any = form.instance
        before, after = line.before, _facts(Line.objects.get(pk=line.pk))
        names = [name for name in after if before.get(name) != after[name]]
        if names:
            changes = {name: [before.get(name), after[name]] for name in names}
            append([_event(line, request, {"changes": changes})])

    def delete_model(self, request: HttpRequest, obj: Line) -> None:
        """Delete a line that never had a call, and put that on record."""
        event = _event(obj, request, {"deleted": _facts(obj)})
        super().delete_model(request, obj)
        append([event])


def _facts(line: Line) -> dict[str, Any]:
    staff = sorted(line.staff.values_list("pk", flat=True))
    return {name: getattr(line, name) for name in FIELDS} | {"staff": staff}


def _event(line: Line, request: HttpRequest, data: dict[str, Any]) -> Event:
    told = {"line": line.name} | data
    return Event("line.changed", request.user.get_username(), line.tenant_id, line.pk, data=told)
