"""Addresses of lines below /api/v1/."""

from django.urls import path

from routing.api import views

urlpatterns = [path("lines/", views.LineList.as_view(), name="api-lines")]
