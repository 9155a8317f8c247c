"""The plain port: softphone, switches, sign-in page."""

from django.urls import re_path

from simulator import api, identity, softphone

TENANT = r"(?P<tenant>[0-9A-Za-z.-]+)"
CALL = r"(?P<call_id>[0-9A-Za-z-]+)"

urlpatterns = [
    re_path(r"^$", softphone.page),
    re_path(r"^static/(?P<name>[a-z_.-]+)$", softphone.static),
    re_path(r"^healthz/?$", api.healthz),
    re_path(r"^api/calls/?$", api.calls),
    re_path(rf"^api/calls/{CALL}/?$", api.one_call),
    re_path(rf"^api/calls/{CALL}/hang-up/?$", api.hang_up),
    re_path(r"^api/load/?$", api.load_calls),
    re_path(r"^api/people/?$", api.people),
    re_path(r"^api/people/(?P<person_id>[0-9A-Za-z-]+)/?$", api.one_person),
    re_path(r"^api/lines/?$", api.lines),
    re_path(r"^api/connection/?$", api.connection),
    re_path(r"^api/faults/?$", api.faults),
    re_path(r"^api/permissions/?$", api.permissions),
    re_path(r"^api/scenario/?$", api.scenario),
    re_path(r"^api/requests/?$", api.requests),
    re_path(r"^api/deliveries/?$", api.deliveries),
    re_path(r"^api/keys/rotate/?$", api.rotate),
    re_path(rf"^{TENANT}/oauth2/v2\.0/authorize/?$", identity.authorize),
    re_path(rf"^{TENANT}/oauth2/v2\.0/logout/?$", identity.logout),
    re_path(r"^(?P<rest>.*)$", api.nothing),
]
