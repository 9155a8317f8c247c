"""Addresses of calls below /api/v1/."""

from django.urls import path

from calls.api import views

urlpatterns = [
    path("calls/", views.CallList.as_view(), name="api-calls"),
    path("calls/<uuid:call_id>/", views.CallDetail.as_view(), name="api-call"),
    path("calls/<uuid:call_id>/timeline/", views.Timeline.as_view(), name="api-call-timeline"),
    path("calls/<uuid:call_id>/claim/", views.Claim.as_view(), name="api-call-claim"),
    path("calls/<uuid:call_id>/release/", views.Release.as_view(), name="api-call-release"),
    path("calls/<uuid:call_id>/answer/", views.Answer.as_view(), name="api-call-answer"),
    path("calls/<uuid:call_id>/reject/", views.Reject.as_view(), name="api-call-reject"),
    path("calls/<uuid:call_id>/redirect/", views.Redirect.as_view(), name="api-call-redirect"),
    path("calls/<uuid:call_id>/transfer/", views.Transfer.as_view(), name="api-call-transfer"),
    path("calls/<uuid:call_id>/hang-up/", views.HangUp.as_view(), name="api-call-hang-up"),
    path("operations/<uuid:operation_id>/", views.OperationDetail.as_view(), name="api-operation"),
]
