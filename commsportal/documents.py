"""The API's description, as a document and as a page; both are for people and programs that are somebody here."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.views import APIView

from commsportal.api import OrjsonRenderer


class ExplainedMixin(APIView):
    """A view whose problems are JSON, whatever its document is rendered as."""

    def handle_exception(self, exc: Exception) -> Any:
        """Return the problem document."""
        self.request.accepted_renderer = OrjsonRenderer()
        self.request.accepted_media_type = OrjsonRenderer.media_type
        return super().handle_exception(exc)


class Schema(ExplainedMixin, SpectacularAPIView):
    """The OpenAPI document."""


class Docs(ExplainedMixin, SpectacularSwaggerSplitView):
    """The page that shows it; who is not signed in is led there."""

    def handle_exception(self, exc: Exception) -> Any:
        """Lead strangers to the sign-in."""
        if isinstance(exc, (NotAuthenticated, AuthenticationFailed)):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)
