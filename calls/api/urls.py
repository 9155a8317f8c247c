"""Addresses of calls below /api/v1/."""

from django.urls import path

from calls.api import views

urlpatterns = [
    path("calls/", views.CallList.as_view(), name="api-calls"),
    path("calls/<uuid:call_id>/", views.CallDetail.as_view(), name="api-call"),
    path("calls/<uuid:call_id>/timeline/", views.Timeline.as_view(), name="api-call-timeline"),
    path("calls/<uuid:call_id>/alternatives/", views.Alternatives.as_view(), name="api-call-alternatives"),
    path("calls/<uuid:call_id>/claim/", views.Claim.as_view(), name="api-call-claim"),
    path("calls/<uuid:call_id>/release/", views.Release.as_view(), name="api-call-release"),
    path("calls/<uuid:call_id>/answer/", views.Answer.as_view(), name="api-call-answer"),
    path("calls/<uuid:call_id>/reject/", views.Reject.as_view(), name="api-call-reject"),
    path("calls/<uuid:call_id>/redirect/", views.Redirect.as_view(), name="api-call-redirect"),
    path("calls/<uuid:call_id>/transfer/", views.Transfer.as_view(), name="api-call-transfer"),
    path("calls/<uuid:call_id>/connect/", views.Connect.as_view(), name="api-call-connect"),
    path("calls/<uuid:call_id>/invite/", views.Invite.as_view(), name="api-call-invite"),
    path("calls/<uuid:call_id>/ring-again/", views.RingAgain.as_view(), name="api-call-ring-again"),
    path("calls/<uuid:call_id>/bridge/", views.Bridge.as_view(), name="api-call-bridge"),
    path("calls/<uuid:call_id>/consult/", views.Consult.as_view(), name="api-call-consult"),
    path("calls/<uuid:call_id>/park/", views.Park.as_view(), name="api-call-park"),
    path("calls/<uuid:call_id>/unpark/", views.Unpark.as_view(), name="api-call-unpark"),
    path("calls/<uuid:call_id>/mute/", views.Mute.as_view(), name="api-call-mute"),
    path("calls/<uuid:call_id>/mute-all/", views.MuteAll.as_view(), name="api-call-mute-all"),
    path("calls/<uuid:call_id>/tones/", views.Tones.as_view(), name="api-call-tones"),
    path("calls/<uuid:call_id>/mute-bot/", views.MuteBot.as_view(), name="api-call-mute-bot"),
    path("calls/<uuid:call_id>/unmute-bot/", views.UnmuteBot.as_view(), name="api-call-unmute-bot"),
    path("calls/<uuid:call_id>/gallery/", views.Gallery.as_view(), name="api-call-gallery"),
    path("calls/<uuid:call_id>/cancel-media/", views.CancelMedia.as_view(), name="api-call-cancel-media"),
    path("calls/<uuid:call_id>/share-screen/", views.ShareScreen.as_view(), name="api-call-share-screen"),
    path("calls/<uuid:call_id>/route-audio/", views.RouteAudio.as_view(), name="api-call-route-audio"),
    path("calls/<uuid:call_id>/unroute/", views.Unroute.as_view(), name="api-call-unroute"),
    path("calls/<uuid:call_id>/remove/", views.Remove.as_view(), name="api-call-remove"),
    path("calls/<uuid:call_id>/hold/", views.Hold.as_view(), name="api-call-hold"),
    path("calls/<uuid:call_id>/resume/", views.Resume.as_view(), name="api-call-resume"),
    path("calls/<uuid:call_id>/hang-up/", views.HangUp.as_view(), name="api-call-hang-up"),
    path("budget/", views.BudgetDetail.as_view(), name="api-budget"),
    path("operations/<uuid:operation_id>/", views.OperationDetail.as_view(), name="api-operation"),
]
