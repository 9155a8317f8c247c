"""Addresses of the API below `/api/v1/`."""

from django.urls import path

from directory.api.views import MeView, PeopleView

urlpatterns = [
    path("me/", MeView.as_view(), name="api-me"),
    path("people/", PeopleView.as_view(), name="api-people"),
]
