"""What each route answers to each person: the whole table. A route that is not here fails the walk.

Columns: nobody, eve (no role), rita (receptionist of the line), omar (receptionist of other lines), max (manager),
ada (administrator), una (auditor). The world is that of `world.py`: a ringing call of clinic.
"""

Row = dict[str, str]

EVERYBODY = "200 200 200 200 200 200 200"
NO_SERIES = "302 403 403 403 404 403 403"
NO_SUCH_LINK = "404 404 404 404 404 404 404"
NO_SUCH_VERB = "405 405 405 405 405 405 405"
PAGE: Row = {"GET": "302 403 200 200 200 200 200", "POST": "302 405 405 405 405 405 405"}
LIST: Row = {"GET": "401 403 200 200 200 200 200", "POST": "401 403 405 405 405 405 405"}
ONE: Row = {"GET": "401 403 200 404 200 200 200", "POST": "401 403 405 405 405 405 405"}


def decision(rita: int) -> Row:
    """Return the row of an action that needs the right to decide; `rita` is what those who have it get."""
    return {"GET": "401 403 405 405 405 403 403", "POST": f"401 403 {rita} 404 {rita} 403 403"}


def scheduling(max_: int) -> Row:
    """Return the row of what is asked of a meeting by those who may act in its organiser's name."""
    return {"GET": "401 403 403 403 405 403 403", "POST": f"401 403 403 403 {max_} 403 403"}


def scheduling_page(max_: int) -> Row:
    """Return the row of a page that takes what is asked of a meeting."""
    return {"GET": "302 405 405 405 405 405 405", "POST": f"302 403 403 403 {max_} 403 403"}


def administrators(status: int) -> str:
    """Return the cells of a page that is for administrators alone."""
    return f"302 403 403 403 403 {status} 403"


def admin(get: int, post: int) -> Row:
    """Return the row of a page of the admin that is for administrators alone."""
    return {"GET": administrators(get), "POST": administrators(post)}


def site(get: int, post: int) -> Row:
    """Return the row of a page that is there for all whom the admin lets in."""
    return {verb: f"302 403{f' {status}' * 5}" for verb, status in (("GET", get), ("POST", post))}


MATRIX: dict[str, Row] = {
    "healthz": {"GET": EVERYBODY, "POST": NO_SUCH_VERB},
    "readyz": {"GET": "503 503 503 503 503 503 503", "POST": NO_SUCH_VERB},  # no worker runs in tests
    "metrics": {"GET": EVERYBODY, "POST": NO_SUCH_VERB},  # from loopback, as tests ask
    "csp-reports": {"GET": NO_SUCH_VERB, "POST": "400 400 400 400 400 400 400"},  # no report in the body
    "changes": {"GET": NO_SUCH_VERB, "POST": "400 400 400 400 400 400 400"},  # no notification in the body
    "schema": {"GET": "401 200 200 200 200 200 200", "POST": "401 405 405 405 405 405 405"},
    "docs": {"GET": "302 200 200 200 200 200 200", "POST": "302 405 405 405 405 405 405"},
    "sign-in": {"GET": "200 302 302 302 302 302 302", "POST": EVERYBODY},
    "sign-out": {"GET": "302 405 405 405 405 405 405", "POST": "302 302 302 302 302 302 302"},
    "sign-in-microsoft": {"GET": "404 404 404 404 404 404 404", "POST": NO_SUCH_VERB},  # no tenants here
    "sign-in-microsoft-callback": {"GET": "403 403 403 403 403 403 403", "POST": NO_SUCH_VERB},
    "start": {"GET": "302 403 302 302 302 302 302", "POST": "302 405 405 405 405 405 405"},
    "console": PAGE,
    "calls": PAGE,
    "call": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "api-me": {"GET": "401 200 200 200 200 200 200", "POST": "401 405 405 405 405 405 405"},
    "api-people": LIST,
    "api-people-groups": LIST,
    "api-people-at-hand": LIST,
    "api-favourite": {
        "PUT": "401 403 204 204 204 204 204",  # each their own
        "DELETE": "401 403 204 204 204 204 204",
        "GET": "401 403 405 405 405 405 405",
        "POST": "401 403 405 405 405 405 405",
    },
    "api-presence": {"GET": "401 403 400 400 400 400 400", "POST": LIST["POST"]},  # nobody is named
    "api-lines": LIST,
    "api-calls": LIST | {"POST": "401 403 400 400 400 403 403"},  # the body names no line
    "api-call": ONE,
    "api-call-timeline": ONE,
    "api-call-alternatives": ONE,
    "api-operation": ONE,
    "api-budget": LIST,
    "api-call-claim": decision(200),
    "api-call-release": decision(409),  # not claimed
    "api-call-answer": decision(202),
    "api-call-reject": decision(202),
    "api-call-redirect": decision(202),
    "api-call-transfer": decision(409),  # not answered
    "api-call-connect": decision(409),  # not answered
    "api-call-invite": decision(409),  # not answered
    "api-call-ring-again": decision(409),
    "api-call-bridge": decision(409),
    "api-call-consult": decision(409),
    "api-call-park": decision(409),
    "api-call-unpark": decision(409),
    "api-call-mute": decision(409),
    "api-call-mute-all": decision(409),
    "api-call-tones": decision(409),
    "api-call-mute-bot": decision(409),
    "api-call-unmute-bot": decision(409),
    "api-call-gallery": decision(409),
    "api-call-cancel-media": decision(409),
    "api-call-share-screen": decision(409),
    "api-call-route-audio": decision(409),
    "api-call-unroute": decision(409),
    "api-call-remove": decision(409),
    "api-call-hold": decision(409),
    "api-call-resume": decision(409),
    "api-call-hang-up": {"GET": "401 403 405 405 405 405 403", "POST": "401 403 409 404 409 409 403"},
    "meetings": PAGE,
    "meeting-new": {"GET": "302 403 403 403 200 403 403", "POST": "302 403 403 403 400 403 403"},
    "meeting-now": {"GET": "302 405 405 405 405 405 405", "POST": "302 403 403 403 302 403 403"},
    "meeting": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "meeting-edit": {"GET": "302 403 403 403 200 403 403", "POST": "302 403 403 403 400 403 403"},
    "meeting-preview": {"GET": "302 405 405 405 405 405 405", "POST": "302 403 403 403 200 403 403"},
    "meeting-date": dict.fromkeys(("GET", "POST"), NO_SERIES),
    "meeting-date-cancel": {"GET": "302 405 405 405 405 405 405", "POST": NO_SERIES},
    "meeting-date-restore": {"GET": "302 405 405 405 405 405 405", "POST": NO_SERIES},
    "meeting-schedule": scheduling_page(302),
    "meeting-discard": scheduling_page(302),
    "meeting-cancel": scheduling_page(400),  # the body names no version
    "meeting-retry": scheduling_page(302),
    "meeting-hold": scheduling_page(302),
    "meeting-resolve": scheduling_page(302),
    "room": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "room-code": PAGE | {"GET": "302 403 404 404 404 404 404"},  # no link yet
    "meeting-attendance": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "meeting-attendance-fetch": scheduling_page(302),
    "meeting-attendance-csv": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "meeting-attendance-xlsx": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "meeting-send-again": scheduling_page(302),
    "meeting-ics": PAGE | {"GET": "302 403 200 404 200 200 200"},
    "calendar-link": {"GET": "302 403 200 200 200 200 200", "POST": "302 403 200 200 200 200 200"},
    "calendar-feed": {"GET": NO_SUCH_LINK, "POST": NO_SUCH_VERB},
    "api-organizers": LIST,
    "api-meetings": LIST | {"POST": "401 403 403 403 400 403 403"},
    "api-meeting-free-busy": scheduling(400),  # the body names nobody
    "api-meeting-guests": {"GET": "401 403 403 403 400 403 403", "POST": "401 403 403 403 405 403 403"},
    "api-meeting": ONE | {"PUT": "401 403 403 403 400 403 403"},
    "api-occurrences": LIST,
    "api-meeting-preview": {"GET": "401 403 403 403 405 403 403", "POST": "401 403 403 403 400 403 403"},
    "api-meeting-occurrences": ONE,
    "api-meeting-occurrence": scheduling(405) | {"PUT": "401 403 403 403 400 403 403"},
    "api-meeting-occurrence-cancel": scheduling(400),
    "api-meeting-occurrence-restore": scheduling(400),
    "api-meeting-templates": LIST,
    "api-meeting-schedule": scheduling(400),
    "api-meeting-discard": scheduling(400),
    "api-meeting-cancel": scheduling(400),
    "api-meeting-retry": scheduling(202),
    "api-meeting-hold": scheduling(403),  # somebody else organises it
    "api-meeting-resolve": scheduling(400),
    "api-room": ONE,
    "api-room-join": {"GET": "401 403 405 405 405 403 403", "POST": "401 403 400 400 400 403 403"},  # no line
    "api-room-ring": decision(409),  # the bot is not there
    "api-meeting-attendance": ONE,
    "api-meeting-attendance-fetch": scheduling(409),  # Microsoft does not have it
    "api-invitations": ONE,
    "api-meeting-send-again": scheduling(409),  # the portal sends no mail
    "admin:index": site(200, 200),
    "admin:login": site(302, 302),
    "admin:logout": site(403, 302),
    "admin:password_change": site(200, 200),
    "admin:password_change_done": site(200, 405),
    "admin:autocomplete": site(403, 405),
    "admin:jsi18n": site(200, 405),
    "admin:view_on_site": site(404, 404),
    "admin:app_list": dict.fromkeys(("GET", "POST"), "302 403 404 404 404 200 404"),
    "admin:admin/(?P<url>.*)$": site(404, 404),
    "admin:webhooks_delivery_replay": admin(403, 302),
    "admin:webhooks_delivery_body": {"GET": "302 403 403 403 403 200 200", "POST": administrators(403)},
    "admin:directory_apitoken_revoke": {"GET": administrators(403), "POST": "302 403 302 404 404 302 404"},
    "admin:meetings_calendarlink_revoke": admin(403, 302),
    "admin:auth_user_password_change": admin(200, 200),
}

READABLE = (
    "audit_entry",
    "webhooks_delivery",
    "webhooks_subscription",
    "directory_apitoken",
    "directory_person",
    "directory_presencestate",
    "directory_syncstate",
    "calls_call",
    "calls_operation",
    "calls_timer",
    "calls_participant",
    "meetings_onlinemeeting",
    "meetings_attendee",
    "meetings_attendancefetch",
    "meetings_attendancereport",
    "meetings_attendancerecord",
    "meetings_invitation",
    "meetings_calendarlink",
)
for _model in READABLE:
    MATRIX |= {
        f"admin:{_model}_changelist": admin(200, 403),
        f"admin:{_model}_add": admin(403, 403),
        f"admin:{_model}_history": admin(200, 403),
        f"admin:{_model}_delete": admin(403, 403),
        f"admin:{_model}_change": admin(200, 403),
    }
FORMS = {"directory_user": 403, "routing_line": 200, "meetings_organizer": 200, "meetings_meetingtemplate": 200}
for _model, _delete in FORMS.items():
    MATRIX |= {
        f"admin:{_model}_changelist": admin(200, 200),
        f"admin:{_model}_add": admin(200, 200),  # an empty form comes back with its complaints
        f"admin:{_model}_history": admin(200, 200),
        f"admin:{_model}_delete": admin(_delete, _delete),  # an empty POST is asked to confirm
        f"admin:{_model}_change": admin(200, 200),
    }
for _model in (*READABLE, *FORMS):
    _app, _name = _model.split("_")
    MATRIX[f"admin:admin/{_app}/{_name}/<path:object_id>/"] = site(302, 302)

MATRIX["admin:directory_person_change"] = admin(200, 302)  # the skills
MATRIX["admin:meetings_organizer_change"] = admin(200, 302)  # nobody is staff

# Those who have a right that works on one kind of row: their own tokens, raw bodies, the lines they staff.
for _page, _own in (("changelist", "200 200 200 200 200"), ("history", "200 302 302 200 302")):
    MATRIX[f"admin:directory_apitoken_{_page}"]["GET"] = f"302 403 {_own}"
MATRIX["admin:directory_apitoken_change"]["GET"] = "302 403 200 302 302 200 302"
for _page in ("changelist", "history", "change"):
    MATRIX[f"admin:webhooks_delivery_{_page}"]["GET"] = "302 403 403 403 403 200 200"
    MATRIX[f"admin:routing_line_{_page}"] = dict.fromkeys(("GET", "POST"), "302 403 403 403 200 200 403")
