"""Addresses of meetings below /api/v1/."""

from django.urls import path

from meetings.api import attendance, drafts, free_busy, invitations, own_sign_in, series, templates, views

urlpatterns = [
    path("organizers/", views.OrganizerList.as_view(), name="api-organizers"),
    path("meeting-templates/", templates.TemplateList.as_view(), name="api-meeting-templates"),
    path("meetings/", views.MeetingList.as_view(), name="api-meetings"),
    path("occurrences/", series.OccurrenceList.as_view(), name="api-occurrences"),
    path("meetings/preview/", series.PreviewView.as_view(), name="api-meeting-preview"),
    path(
        "meetings/<uuid:meeting_id>/occurrences/",
        series.MeetingOccurrenceList.as_view(),
        name="api-meeting-occurrences",
    ),
    path(
        "meetings/<uuid:meeting_id>/occurrences/<str:day>/",
        series.MoveDate.as_view(),
        name="api-meeting-occurrence",
    ),
    path(
        "meetings/<uuid:meeting_id>/occurrences/<str:day>/cancel/",
        series.CancelDate.as_view(),
        name="api-meeting-occurrence-cancel",
    ),
    path(
        "meetings/<uuid:meeting_id>/occurrences/<str:day>/restore/",
        series.RestoreDate.as_view(),
        name="api-meeting-occurrence-restore",
    ),
    path("meetings/free-busy/", free_busy.FreeBusyView.as_view(), name="api-meeting-free-busy"),
    path("meetings/guests/", free_busy.GroupGuestsView.as_view(), name="api-meeting-guests"),
    path("meetings/<uuid:meeting_id>/", views.MeetingDetail.as_view(), name="api-meeting"),
    path("meetings/<uuid:meeting_id>/schedule/", drafts.Schedule.as_view(), name="api-meeting-schedule"),
    path("meetings/<uuid:meeting_id>/discard/", drafts.Discard.as_view(), name="api-meeting-discard"),
    path("meetings/<uuid:meeting_id>/cancel/", views.Cancel.as_view(), name="api-meeting-cancel"),
    path("meetings/<uuid:meeting_id>/retry/", views.Retry.as_view(), name="api-meeting-retry"),
    path("meetings/<uuid:meeting_id>/hold/", own_sign_in.Hold.as_view(), name="api-meeting-hold"),
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
