"""Addresses of meetings below /api/v1/."""

from django.urls import path

from meetings.api import attendance, invitations, views

urlpatterns = [
    path("organizers/", views.OrganizerList.as_view(), name="api-organizers"),
    path("meetings/", views.MeetingList.as_view(), name="api-meetings"),
    path("meetings/<uuid:meeting_id>/", views.MeetingDetail.as_view(), name="api-meeting"),
    path("meetings/<uuid:meeting_id>/cancel/", views.Cancel.as_view(), name="api-meeting-cancel"),
    path("meetings/<uuid:meeting_id>/retry/", views.Retry.as_view(), name="api-meeting-retry"),
    path("meetings/<uuid:meeting_id>/resolve/", views.Resolve.as_view(), name="api-meeting-resolve"),
    path(
        "meetings/<uuid:meeting_id>/attendance/",
        attendance.AttendanceDetail.as_view(),
        name="api-meeting-attendance",
    ),
    path(
        "meetings/<uuid:meeting_id>/attendance/fetch/",
        attendance.AttendanceFetchView.as_view(),
        name="api-meeting-attendance-fetch",
    ),
    path("meetings/<uuid:meeting_id>/invitations/", invitations.InvitationList.as_view(), name="api-invitations"),
    path("meetings/<uuid:meeting_id>/send-again/", invitations.SendAgain.as_view(), name="api-meeting-send-again"),
]
