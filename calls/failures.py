"""Why Microsoft did not do what we asked, and what somebody can do about it."""

from collections.abc import Sequence

from calls.models import Operation
from calls.rules.operations import Settlement
from graph import errors

NOT_REGISTERED = 7503
TENANT_LACKS_PERMISSION = 7504
OTHER_TENANT = 7505
REFUSED = "Microsoft refused"
NOT_ACCEPTED = "Microsoft does not accept the portal's credentials"


def settlement(error: errors.GraphError, tenant_id: str) -> Settlement:
    """Return the failure of an operation for good, with a remedy that names permission and tenant."""
    if isinstance(error, errors.NotSent):
        return Settlement("failed", *_not_sent(error, tenant_id))
    return Settlement("failed", _title(error), _detail(error, tenant_id))


def too_late(why: str) -> Settlement:
    """Return the failure of an operation that stopped being of use before Microsoft could be asked."""
    return Settlement("failed", "Microsoft could not be asked in time", why)


def may_not_remove(error: errors.GraphError, tenant_id: str) -> Settlement:
    """Return the failure of a removal that a tenant does not permit: it lists who may (REFERENCE 2.3)."""
    remedy = (
        f"The application may not remove people in tenant {tenant_id}: it needs the permission "
        "Calls.JoinGroupCall.All, and a Teams administrator lists it with "
        "Set-CsApplicationMeetingConfiguration -AllowRemoveParticipantAppIds."
    )
    return Settlement("failed", _title(error), _said(remedy, error))


def may_not_organize(error: errors.GraphError, tenant_id: str, organizers: Sequence[str]) -> Settlement:
    """Return the failure of a meeting that the application may not hold in somebody's name (REFERENCE 2.3)."""
    remedy = (
        f"The application may not hold meetings in the name of {', '.join(organizers)} in tenant {tenant_id}: it "
        "needs the permission OnlineMeetings.ReadWrite.All, and a Teams administrator grants them an application "
        "access policy (New-CsApplicationAccessPolicy, Grant-CsApplicationAccessPolicy)."
    )
    return Settlement("failed", _title(error), _said(remedy, error))


def not_in_the_call(row: Operation) -> Settlement:
    """Return the failure of what was asked about somebody whom Microsoft does not find in the call."""
    return Settlement("failed", f"{row.parameters['whom']} is not in the call any more")


def _title(error: errors.GraphError) -> str:
    if isinstance(error, errors.NotFound):
        return "The call has already ended"
    if isinstance(error, errors.Forbidden):
        return "Microsoft does not permit this"
    if isinstance(error, errors.Unauthorized):
        return NOT_ACCEPTED
    if isinstance(error, errors.Throttled):
        return "Microsoft takes no more requests at the moment"
    return REFUSED if error.status is not None else "The portal cannot ask this of Microsoft"


def _not_sent(error: errors.NotSent, tenant_id: str) -> tuple[str, str]:
    """Say why nothing left this machine in words of our own; the cause in its own stands in the log."""
    if error.code in errors.PERMANENT_LOGIN_CODES:
        number = f" Microsoft's number for it is AADSTS{error.subcode}." if error.subcode is not None else ""
        return NOT_ACCEPTED, _check_credentials(tenant_id) + number
    if error.code == "NoCredential":
        return (
            "The portal has no credentials for Microsoft",
            f"Nothing was asked: an administrator gives it a client secret or certificate for tenant {tenant_id}.",
        )
    if error.code == "NoToken" or error.status is not None:
        return (
            "The portal could not sign in to Microsoft",
            "Nothing was asked: Microsoft's login service gave no token. If it stays so, tell an administrator.",
        )
    return (
        "Microsoft could not be reached",
        "Nothing was asked: the portal has no connection to Microsoft. If it stays so, tell an administrator.",
    )


def _detail(error: errors.GraphError, tenant_id: str) -> str:
    return _said(_remedy(error, tenant_id), error)


def _said(remedy: str, error: errors.GraphError) -> str:
    said = error.message if error.status is None else f"Microsoft says: {error.message}"
    request = f"Request id {error.request_id}." if error.request_id else ""
    return " ".join(filter(None, (remedy, said, request)))


def _remedy(error: errors.GraphError, tenant_id: str) -> str:
    if isinstance(error, errors.NotFound):
        return "The caller gave up, or Microsoft's 15 seconds were over."
    if isinstance(error, errors.Unauthorized):
        return _check_credentials(tenant_id)
    if not isinstance(error, errors.Forbidden):
        return ""
    return _permission(error, tenant_id)


def _check_credentials(tenant_id: str) -> str:
    return f"Check client secret or certificate of the application in tenant {tenant_id}."


def _permission(error: errors.GraphError, tenant_id: str) -> str:
    if error.subcode == NOT_REGISTERED:
        return (
            f"The application is not registered as a calling bot for tenant {tenant_id}: enable calling in the "
            "bot registration's Teams channel."
        )
    if error.subcode == OTHER_TENANT:
        return (
            f"The application may not act in tenant {tenant_id}: check the tenant id, and have an administrator "
            "of that tenant grant consent."
        )
    if not error.permission:
        return (
            "This needs no permission of its own: check that an administrator of tenant "
            f"{tenant_id} has granted consent to the application's calling permissions."
        )
    return (
        f"The application lacks the permission {error.permission} in tenant {tenant_id}: an administrator of that "
        "tenant adds it to the app registration and grants admin consent."
    )
