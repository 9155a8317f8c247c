"""The admin site: one sign-in for all, who has a right that works there, and a plain 403 for everybody else."""

from collections.abc import Callable
from typing import Any, Final

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from directory import commands, login
from directory.models import User

MAKES_MARKUP: Final = {"require-trusted-types-for": None}  # Django's own scripts make markup from text


class Site(admin.AdminSite):
    """The portal's administration."""

    site_header = "Administration"
    site_title = "commsportal"
    index_title = "Administration"
    site_url = "/console/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in whom any model shows itself to; what each page needs, its model's admin says."""
        return any(model.has_module_permission(request) for model in self._registry.values())

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Guard a page: strangers sign in, others without the right are told so."""
        guarded = csp_replace(MAKES_MARKUP)(super().admin_view(view, cacheable))

        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return page

    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send everybody to the one sign-in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(login.safe_next(request.GET.get("next")) or "/admin/", settings.LOGIN_URL)

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Sign out as everywhere else."""
        if request.method != "POST":
            raise PermissionDenied
        login.leave(request)
        return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Change one's own password, on record."""
        return put_on_record(
            request, request.user.pk, lambda: super(Site, self).password_change(request, extra_context)
        )


def put_on_record(request: HttpRequest, pk: Any, change: Callable[[], HttpResponse]) -> HttpResponse:
    """Run a view that may set the password of an account, and record it if it did."""
    with transaction.atomic():
        before = User.objects.filter(pk=pk).first()
        answer = change()
        after = User.objects.filter(pk=pk).first()
        if before and after and before.password != after.password:
            commands.changed_password(after, by=request.user)  # type: ignore[arg-type]
    return answer
