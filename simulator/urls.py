"""The plain port: softphone, switches, sign-in page."""

from django.urls import re_path

from simulator import api, api_changes, api_groups, api_people, identity, softphone

TENANT = r"(?P<tenant>[0-9A-Za-z.-]+)"
CALL = r"(?P<call_id>[0-9A-Za-z-]+)"
GROUP, MEETING = r"(?P<group_id>[0-9A-Za-z-]+)", r"(?P<meeting_id>[0-9A-Za-z=]+)"
PARTICIPANT = r"(?P<participant_id>[0-9A-Za-z-]+)"

urlpatterns = [
    re_path(r"^$", softphone.page),
    re_path(r"^static/(?P<name>[a-z_.-]+)$", softphone.static),
    re_path(r"^healthz/?$", api.healthz),
    re_path(r"^api/calls/?$", api.calls),
    re_path(rf"^api/calls/{CALL}/?$", api.one_call),
    re_path(rf"^api/calls/{CALL}/hang-up/?$", api.hang_up),
    re_path(rf"^api/calls/{CALL}/escalate/?$", api_groups.escalate),
    re_path(rf"^api/calls/{CALL}/operations/?$", api_groups.call_operations),
    re_path(r"^api/groups/?$", api_groups.groups),
    re_path(rf"^api/groups/{GROUP}/?$", api_groups.one_group),
    re_path(rf"^api/groups/{GROUP}/invite/?$", api_groups.invite),
    re_path(rf"^api/groups/{GROUP}/participants/{PARTICIPANT}/?$", api_groups.one_participant),
    re_path(r"^api/meetings/?$", api_groups.all_meetings),
    re_path(rf"^api/meetings/{MEETING}/?$", api_groups.one_meeting),
    re_path(rf"^api/meetings/{MEETING}/join/?$", api_groups.join_meeting),
    re_path(r"^api/subscriptions/?$", api_changes.subscriptions),
    re_path(r"^api/subscriptions/(?P<subscription_id>[0-9A-Za-z-]+)/lifecycle/?$", api_changes.lifecycle),
    re_path(r"^api/tenant-settings/?$", api_groups.tenant_settings),
    re_path(r"^api/load/?$", api.load_calls),
    re_path(r"^api/people/?$", api_people.people),
    re_path(r"^api/people/(?P<person_id>[0-9A-Za-z-]+)/?$", api_people.one_person),
    re_path(r"^api/people/(?P<person_id>[0-9A-Za-z-]+)/revoke/?$", api_people.revoke),
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
