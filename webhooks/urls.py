"""Addresses that Microsoft knows; that of calls is served in front of Django."""

from django.urls import path

from webhooks import views

urlpatterns = [path("webhooks/graph/changes/", views.changes, name="changes")]
