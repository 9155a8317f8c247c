"""All addresses, app by app."""

from csp.decorators import csp_replace
from django.contrib import admin
from django.urls import include, path

from commsportal.documents import Docs, Schema
from commsportal.violations import report

makes_markup = csp_replace({"require-trusted-types-for": None})  # Swagger's scripts do
docs = makes_markup(Docs.as_view(url_name="schema"))

urlpatterns = [
    path("", include("commsportal.health_urls")),
    path("csp-reports", report, name="csp-reports"),
    path("", include("webhooks.urls")),
    path("", include("directory.urls")),
    path("", include("calls.urls")),
    path("", include("meetings.urls")),
    path("", include("rooms.urls")),
    path("api/schema/", Schema.as_view(), name="schema"),
    path("api/docs/", docs, name="docs"),
    path("api/v1/", include("directory.api.urls")),
    path("api/v1/", include("routing.api.urls")),
    path("api/v1/", include("calls.api.urls")),
    path("api/v1/", include("meetings.api.urls")),
    path("api/v1/", include("rooms.api.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "commsportal.failures.bad_request"
handler403 = "commsportal.failures.denied"
handler404 = "commsportal.failures.not_found"
handler500 = "commsportal.failures.failed"
