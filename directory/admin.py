"""Accounts, tokens and people in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm, UsernameField
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from audit.admin import Button, ClosedAdmin, ReadableAdmin, may, require
from commsportal.errors import PortalError
from directory import commands, roles, tokens
from directory.models import ApiToken, Person, PresenceState, SyncState, User
from directory.site import put_on_record

admin.site.unregister(Group)  # rights come from roles, from nothing else


class RolesField(forms.MultipleChoiceField):
    """Roles of the table."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        """Offer the roles of the table; no role is a choice too."""
        choices = [(role, role) for role in roles.ROLES]
        super().__init__(choices=choices, required=False, help_text="What each may do: docs/roles.md.", **kwargs)


class AccountAddForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new account; without a password it signs in with Microsoft."""

    roles = RolesField()

    class Meta:
        model = User
        fields = ("username", "name", "roles")
        field_classes = {"username": UsernameField}


class AccountForm(UserChangeForm):  # type: ignore[type-arg]
    """An account; what must stay true is asked of `directory.commands` before anything is written."""

    roles = RolesField()
    by: ClassVar[User]

    class Meta:
        model = User
        fields = commands.CHANGEABLE
        field_classes = {"username": UsernameField}

    def clean(self) -> dict[str, Any]:
        """Refuse what the command would refuse, as an error of the form."""
        told = super().clean() or self.cleaned_data
        try:
            commands.check_change(self.instance.pk, told, by=self.by)
        except PortalError as error:
            raise ValidationError(error.detail) from error
        return told


@admin.register(User)
class AccountAdmin(ClosedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Who signs in, and with which roles. Accounts are disabled, never deleted: the trail names them."""

    form = AccountForm
    add_form = AccountAddForm
    actions = None
    list_display = ("username", "name", "role_names", "is_active", "oid")
    list_filter = ("is_active",)
    search_fields = ("username", "name", "email", "=oid")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "name", "email")}),
        ("Access", {"fields": ("roles", "is_active")}),
        ("Microsoft account", {"fields": ("tenant_id", "oid")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "name", "roles", "usable_password", "password1", "password2")}),
    )

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        """Return the roles as one reads them."""
        return ", ".join(user.roles) or "none"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let administrators in."""
        return may(request, roles.ADMIN)

    has_add_permission = has_view_permission
    has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete."""
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form who asks."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write through the command, which checks again under a lock and puts the change on record."""
        by: Any = request.user
        if not change:
            super().save_model(request, obj, form, change)
            commands.made_user(obj, by=by)
            return
        told = {name: form.cleaned_data[name] for name in commands.CHANGEABLE if name in form.cleaned_data}
        try:
            commands.change_user(obj, told, by=by)
        except PortalError as error:
            raise PermissionDenied(error.detail) from error

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password, on record."""
        account = self.get_object(request, unquote(id))
        if account is None:
            raise Http404
        shown = super().user_change_password
        return put_on_record(request, account.pk, lambda: shown(request, id, form_url))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadableAdmin):
    """Personal API tokens: made by their owners' `manage.py token`, ended here. Administrators end anybody's."""

    readers = frozenset({roles.ADMIN, roles.TOKENS})
    list_display = ("name", "user", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    exclude = ("digest", "user")
    readonly_fields = ("owner",)

    @admin.display(description="user")
    def owner(self, token: ApiToken) -> str:
        """Return whose it is, without the link to an account that owners may not open."""
        return str(token.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the person's own tokens, everybody's to administrators."""
        rows = super().get_queryset(request)
        return rows if may(request, roles.ADMIN) else rows.filter(user=request.user)

    def get_urls(self) -> list[URLPattern]:
        """Add the revocation."""
        revoke = self.admin_site.admin_view(self.revoke)
        return [path("<int:pk>/revoke/", revoke, name="directory_apitoken_revoke"), *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Offer to revoke what still works."""
        if row.revoked_at is not None or not may(request, roles.TOKENS):
            return []
        return [Button("Revoke", reverse("admin:directory_apitoken_revoke", args=[row.pk]))]

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End a token at once."""
        require(request, roles.TOKENS, "POST")
        token = self.get_queryset(request).select_related("user").filter(pk=pk).first()
        if token is None:
            raise Http404
        ended = tokens.revoke(token, actor=request.user.get_username())
        text = f"{token} is revoked." if ended else f"{token} was revoked before."
        self.message_user(request, text, messages.SUCCESS if ended else messages.WARNING)
        return HttpResponseRedirect(reverse("admin:directory_apitoken_change", args=[pk]))


class SkillsField(forms.CharField):
    """Skills as one writes them: separated by commas."""

    widget = AdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        """Take none too."""
        super().__init__(
            required=False, help_text="Separated by commas: German, first aid. People are found by them."
        )

    def prepare_value(self, value: Any) -> Any:
        """Return the text to edit."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the list."""
        written = value.split(",") if isinstance(value, str) else value or []
        return [one for part in written if (one := " ".join(part.split()))]


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the portal itself knows of a person."""

    skills = SkillsField()

    class Meta:
        model = Person
        fields = ("skills",)


@admin.register(Person)
class PersonAdmin(ReadableAdmin):
    """The organisation's directory, as Microsoft tells it, and the skills, which administrators write."""

    form = PersonForm
    list_display = ("name", "upn", "business_phone", "mobile_phone", "department", "skill_names", "enabled")
    list_filter = ("enabled", "department")
    search_fields = ("search_text", "=oid")
    fields = (
        *("skills", "name", "upn", "mail", "business_phone", "mobile_phone", "department", "job_title", "enabled"),
        *("language", "zone", "tenant_id", "oid", "synced_at"),
    )
    readonly_fields = fields[1:]

    @admin.display(description="skills")
    def skill_names(self, person: Person) -> str:
        """Return the skills as one reads them."""
        return ", ".join(person.skills)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let administrators write skills."""
        return may(request, roles.ADMIN)

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        """Write the skills, on record."""
        by: Any = request.user
        commands.change_skills(obj, form.cleaned_data["skills"], by=by)


@admin.register(SyncState)
class SyncStateAdmin(ReadableAdmin):
    """When people were read from Microsoft, and what went wrong."""

    list_display = ("tenant_id", "people", "finished_at", "due_at", "failures", "error")


@admin.register(PresenceState)
class PresenceStateAdmin(ReadableAdmin):
    """When Microsoft was asked who is free, and what went wrong."""

    list_display = ("tenant_id", "people", "finished_at", "due_at", "failures", "missing_role", "error")
