"""All addresses, app by app."""

from typing import Any

from csp.decorators import csp_replace
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated


class Docs(SpectacularSwaggerSplitView):
    """The API's documentation, for people: who is not signed in is led there."""

    def handle_exception(self, exc: Exception) -> Any:
        """Lead strangers to the sign-in."""
        if isinstance(exc, (NotAuthenticated, AuthenticationFailed)):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)


makes_markup = csp_replace({"require-trusted-types-for": None})  # Swagger's scripts do
docs = makes_markup(Docs.as_view(url_name="schema"))

urlpatterns = [
    path("", include("commsportal.health_urls")),
    path("", include("directory.urls")),
    path("", include("calls.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", docs, name="docs"),
    path("api/v1/", include("directory.api.urls")),
    path("api/v1/", include("routing.api.urls")),
    path("api/v1/", include("calls.api.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "commsportal.failures.bad_request"
handler403 = "commsportal.failures.denied"
handler404 = "commsportal.failures.not_found"
handler500 = "commsportal.failures.failed"
