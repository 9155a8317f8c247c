"""Addresses of the pages."""

from django.urls import path

from meetings import attendance_views, date_views, draft_views, invitation_views, views

urlpatterns = [
    path("meetings/", views.meeting_list, name="meetings"),
    path("meetings/new/", views.meeting_new, name="meeting-new"),
    path("meetings/preview/", date_views.meeting_preview, name="meeting-preview"),
    path("meetings/now/", views.meeting_now, name="meeting-now"),
    path("meetings/<uuid:meeting_id>/", views.meeting_detail, name="meeting"),
    path("meetings/<uuid:meeting_id>/edit/", views.meeting_edit, name="meeting-edit"),
    path("meetings/<uuid:meeting_id>/schedule/", draft_views.schedule, name="meeting-schedule"),
    path("meetings/<uuid:meeting_id>/discard/", draft_views.discard, name="meeting-discard"),
    path("meetings/<uuid:meeting_id>/cancel/", views.meeting_cancel, name="meeting-cancel"),
    path("meetings/<uuid:meeting_id>/retry/", views.meeting_retry, name="meeting-retry"),
    path("meetings/<uuid:meeting_id>/hold/", views.meeting_hold, name="meeting-hold"),
    path("meetings/<uuid:meeting_id>/resolve/", views.meeting_resolve, name="meeting-resolve"),
    path("meetings/<uuid:meeting_id>/dates/<str:day>/", date_views.meeting_date, name="meeting-date"),
    path(
        "meetings/<uuid:meeting_id>/dates/<str:day>/cancel/",
        date_views.meeting_date_cancel,
        name="meeting-date-cancel",
    ),
    path(
        "meetings/<uuid:meeting_id>/dates/<str:day>/restore/",
        date_views.meeting_date_restore,
        name="meeting-date-restore",
    ),
    path("meetings/<uuid:meeting_id>/attendance/", attendance_views.meeting_attendance, name="meeting-attendance"),
    path(
        "meetings/<uuid:meeting_id>/attendance/fetch/",
        attendance_views.meeting_attendance_fetch,
        name="meeting-attendance-fetch",
    ),
    path(
        "meetings/<uuid:meeting_id>/attendance.csv",
        attendance_views.meeting_attendance_csv,
        name="meeting-attendance-csv",
    ),
    path(
        "meetings/<uuid:meeting_id>/attendance.xlsx",
        attendance_views.meeting_attendance_xlsx,
        name="meeting-attendance-xlsx",
    ),
    path("meetings/<uuid:meeting_id>/send-again/", invitation_views.send_again, name="meeting-send-again"),
    path("meetings/<uuid:meeting_id>/meeting.ics", invitation_views.download, name="meeting-ics"),
    path("meetings/calendar/", invitation_views.calendar_link, name="calendar-link"),
    path("calendar/<str:token>.ics", invitation_views.feed, name="calendar-feed"),
]
