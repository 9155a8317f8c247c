"""Addresses of the pages."""

from django.urls import path

from rooms import views

urlpatterns = [
    path("meetings/<uuid:meeting_id>/room/", views.room, name="room"),
    path("meetings/<uuid:meeting_id>/room/code.svg", views.code, name="room-code"),
]
