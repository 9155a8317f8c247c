"""Addresses of the pages."""

from django.urls import path

from calls import views

urlpatterns = [
    path("", views.start, name="start"),
    path("console/", views.console, name="console"),
    path("calls/", views.call_list, name="calls"),
    path("calls/<uuid:call_id>/", views.call_detail, name="call"),
]
