"""Addresses of rooms below /api/v1/."""

from django.urls import path

from rooms.api import views

urlpatterns = [
    path("meetings/<uuid:meeting_id>/room/", views.RoomDetail.as_view(), name="api-room"),
    path("meetings/<uuid:meeting_id>/room/join/", views.Join.as_view(), name="api-room-join"),
    path("meetings/<uuid:meeting_id>/room/ring/", views.Ring.as_view(), name="api-room-ring"),
]
