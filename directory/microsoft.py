"""Sign in with Microsoft: authorization code flow by MSAL, the ID token verified by us.

MSAL checks state, PKCE and nonce and nothing else of the ID token, so signature, issuer, audience, times and
tenant are checked by `graph.conf.sign_in_verifier` (REFERENCE 24.5, 24.6). The account is `tid` and `oid`: no
address and no name links anybody. Roles are the app roles of the token, computed anew at each sign-in.
"""

import base64
import binascii
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from commsportal.clock import now
from directory import refresh_tokens
from graph import conf
from graph.errors import GraphError
from graph.signatures import BadToken, Claims, ForeignTenant, NoKeys, SignatureError

SESSION_KEY: Final = "microsoft_flow"
FLOW_SECONDS: Final = 600
KEYS_WAIT_SECONDS: Final = 5.0
NO_CONSENT: Final = 65001  # AADSTS (REFERENCE 24.2)
MANY_TENANTS: Final = "organizations"

# A form_post would come from Microsoft's site without our SameSite=Lax cookie, and so without the flow.
warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended", category=UserWarning)


class SignInFailed(Exception):
    """No sign-in; `detail` says what to do, `status` is that of the page."""

    def __init__(self, reason: str, detail: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.status = status


@dataclass(frozen=True)
class Account:
    """Whom Microsoft vouches for."""

    tenant_id: str
    oid: str
    name: str
    username: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Arrival:
    """What came back from Microsoft: who it is, where they wanted to go, and by what to act in their name."""

    account: Account
    next_path: str
    refresh_token: str = field(repr=False)


def is_offered() -> bool:
    """Tell whether the settings name tenants whose people may sign in."""
    return bool(settings.SIGN_IN_TENANTS and settings.GRAPH_CLIENT_ID)


def redirect_uri() -> str:
    """Return the address registered at Microsoft; never made from a request's headers."""
    return f"{settings.PUBLIC_URL}/sign-in/microsoft/callback/"


def start(session: SessionBase, next_path: str) -> str:
    """Begin a flow, keep it in the session and return Microsoft's address to go to.

    :raises SignInFailed: when Microsoft cannot be reached or is not configured.
    """
    if not is_offered():
        raise SignInFailed("not_configured", "Sign in with your name and password instead.", 404)
    try:
        scopes = [refresh_tokens.SCOPE] if refresh_tokens.are_kept() else []
        flow = _application().initiate_auth_code_flow(scopes, redirect_uri(), response_mode="query")
    except (GraphError, ValueError) as error:
        raise _unreachable() from error
    session[SESSION_KEY] = {"flow": flow, "next": next_path, "at": now().timestamp()}
    return str(flow["auth_uri"])


def finish(session: SessionBase, answer: Mapping[str, str]) -> Arrival:
    """Redeem Microsoft's answer, once; return whom it vouches for and the path kept at the start.

    :raises SignInFailed: for everything else than a whole, fresh, verified answer to a question of this session.
    """
    kept = session.pop(SESSION_KEY, None)
    if kept is not None:
        session.save()  # spent before it is used: the same answer a second time finds nothing
    if kept is None or not 0 <= now().timestamp() - kept["at"] <= FLOW_SECONDS:
        raise SignInFailed("no_flow", "This sign-in was started too long ago or elsewhere. Start again.")
    result = _redeem(kept["flow"], answer)
    account = account_of(verify(str(result.get("id_token", ""))))
    return Arrival(account, str(kept["next"]), refresh_tokens.granted(result))


def verify(id_token: str) -> Claims:
    """Verify an ID token as a whole.

    :raises SignInFailed: when it is forged, expired, not for us or of a tenant that is not let in.
    """
    tenant = _claimed_tenant(id_token)
    if tenant not in {allowed.lower() for allowed in settings.SIGN_IN_TENANTS}:
        raise SignInFailed("foreign_tenant", "Your organisation is not one that may sign in here.")
    try:
        verifier = conf.sign_in_verifier(tenant)
        verifier.warm(KEYS_WAIT_SECONDS)
        return verifier.verify(id_token)
    except NoKeys as error:
        raise _unreachable() from error
    except (BadToken, ForeignTenant, SignatureError) as error:
        raise SignInFailed("bad_token", "Microsoft's answer could not be verified. Start again.") from error


def account_of(claims: Claims) -> Account:
    """Read the account out of verified claims.

    :raises SignInFailed: when there is no object id.
    """
    values = claims.values
    oid = _text(values, "oid").lower()
    if not oid or len(oid) > 36:
        raise SignInFailed("no_oid", "Microsoft did not say who you are. Ask an administrator.")
    roles = values.get("roles")
    return Account(
        tenant_id=claims.tenant_id.lower(),
        oid=oid,
        name=_text(values, "name")[:200],
        username=_text(values, "preferred_username")[:150],
        email=_text(values, "email")[:254],
        roles=tuple(r for r in roles if isinstance(r, str)) if isinstance(roles, list) else (),
    )


def _application() -> Any:
    tenants = settings.SIGN_IN_TENANTS
    return conf.sign_in_application(tenants[0] if len(tenants) == 1 else MANY_TENANTS)


def _redeem(flow: dict[str, Any], answer: Mapping[str, str]) -> dict[str, Any]:
    try:
        result: dict[str, Any] = _application().acquire_token_by_auth_code_flow(flow, dict(answer))
    except GraphError as error:
        raise _unreachable() from error
    except (ValueError, RuntimeError, KeyError, TypeError) as error:  # state, nonce, an answer without code
        raise SignInFailed(
            "bad_answer", "Microsoft's answer does not belong to this sign-in. Start again."
        ) from error
    if "error" in result:
        raise SignInFailed(*_refusal(result))
    return result


def _refusal(result: Mapping[str, Any]) -> tuple[str, str]:
    error = str(result["error"])
    if error == "access_denied":
        return error, "You are not assigned to this application. Ask an administrator of your organisation."
    if error == "consent_required" or NO_CONSENT in (result.get("error_codes") or ()):
        return "consent_required", (
            "Your organisation has not consented to what the portal asks for. An administrator grants it, or sets "
            "MICROSOFT_DELEGATED to off."
        )
    if error == "interaction_required":
        return error, "Microsoft wants to ask you something more. Start again."
    return error[:60], "Microsoft refused the sign-in. Start again; if it stays so, tell an administrator."


def _unreachable() -> SignInFailed:
    detail = "Microsoft's sign-in cannot be reached. Try again in a moment, or use name and password."
    return SignInFailed("unreachable", detail, 503)


def _claimed_tenant(id_token: str) -> str:
    """Return the tenant that chooses the keys; what is unverified decides nothing else."""
    try:
        payload = id_token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["tid"]).lower()
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        raise SignInFailed("bad_token", "Microsoft's answer could not be verified. Start again.") from None


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value.replace("\0", "") if isinstance(value, str) else ""
