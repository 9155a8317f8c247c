"""Client credentials: a tenant's token by MSAL, with a secret or a certificate (REFERENCE 24.1, 24.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msal

from graph.auth import Token
from graph.errors import PERMANENT_LOGIN_CODES, GraphError, NotSent, retry_after
from graph.transport import Answer, Wire, origin

SCOPE = "https://graph.microsoft.com/.default"
LARGEST_TOKEN_ANSWER = 256 * 1024

# A client secret, or MSAL's form of a certificate: {"private_key", "thumbprint" or "public_certificate"}.
Credential = str | Mapping[str, str]


class ClientCredentials:
    """Fetch tokens of one tenant by MSAL; callable, as `TokenSource` wants it."""

    def __init__(
        self, login_url: str, tenant_id: str, client_id: str, credential: Callable[[], Credential], wire: Wire
    ) -> None:
        self._authority = f"{login_url.rstrip('/')}/{tenant_id}"
        self._client_id = client_id
        self._credential = credential
        self._http = LoginHttp(login_url, wire)
        self._application: msal.ConfidentialClientApplication | None = None
        self._used: Credential | None = None

    def __call__(self) -> Token:
        """Fetch a fresh token.

        :raises GraphError: none was to be had; `retryable` is False when only a person can mend it.
        """
        try:
            application = self._current_application()
            application.remove_tokens_for_client()  # MSAL would hand out the one that Graph has just refused
            result = application.acquire_token_for_client([SCOPE])
        except GraphError:
            self._application = None
            raise
        except Exception as reason:  # MSAL raises whatever an odd body makes Python raise
            self._application = None
            raise self._no_token(reason) from reason
        return self._token(result)

    def _no_token(self, reason: Exception) -> NotSent:
        last = self._http.last
        return NotSent(
            f"no token: {_first_line(reason)}",
            retryable=True,
            status=None if last is None else last.status,
            code="NoToken",
            retry_after=None if last is None else retry_after(last.headers),
        )

    def _current_application(self) -> msal.ConfidentialClientApplication:
        credential = self._credential()  # read each time: a rotated secret counts from the next token on
        if self._application is None or credential != self._used:
            self._application = application(self._authority, self._client_id, credential, self._http)
            self._used = credential
        return self._application

    def _token(self, result: Any) -> Token:
        answer = result if isinstance(result, dict) else {}
        value, lifetime = answer.get("access_token"), answer.get("expires_in")
        if isinstance(value, str) and value.isascii() and value.isprintable() and value:
            return Token(value, _seconds(lifetime))
        # MSAL remembers refusals for a while and would answer our next attempt from memory.
        self._application = None
        raise refusal(answer, self._http.last)


class LoginHttp:
    """The HTTP client that MSAL uses: bounded, and for the login host only."""

    def __init__(self, login_url: str, wire: Wire) -> None:
        self._origin = origin(login_url)
        if self._origin is None:
            raise ValueError("the login address is https")
        self._wire = wire
        self.last: Answer | None = None

    def get(self, url: str, params: Mapping[str, str] | None = None, headers: Any = None, **_: Any) -> HttpText:
        """Read a document, such as the OpenID configuration."""
        return self._exchange("GET", url, params, headers, None)

    def post(
        self, url: str, params: Mapping[str, str] | None = None, data: Any = None, headers: Any = None, **_: Any
    ) -> HttpText:
        """Post a form, such as a request for a token."""
        form = data if isinstance(data, str) else urlencode(data or {})
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._exchange("POST", url, params, typed, form.encode())

    def close(self) -> None:
        """Do nothing: the wire outlives MSAL's objects."""

    def _exchange(
        self, method: str, url: str, params: Mapping[str, str] | None, headers: Any, body: bytes | None
    ) -> HttpText:
        # A discovery document may name any token endpoint; our secret goes to the configured host only.
        if origin(url) != self._origin:
            raise NotSent("the identity provider names a foreign address", code="ForeignOrigin")
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        # A token request may be repeated: tokens are not used up.
        self.last = self._wire.exchange(
            method, url, headers=headers, body=body, repeatable=True, limit=LARGEST_TOKEN_ANSWER
        )
        return HttpText(self.last)


class HttpText:
    """An answer in the form that MSAL reads."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = dict(answer.headers)
        self.text = answer.body.decode("utf-8", "replace")

    def raise_for_status(self) -> None:
        """Raise for a failure; MSAL asks for this where it does not read the body.

        :raises RuntimeError: the login service is in trouble.
        """
        if self.status_code >= 400:
            raise RuntimeError(f"the login service answered {self.status_code}")


def application(
    authority: str, client_id: str, credential: Credential, http: LoginHttp
) -> msal.ConfidentialClientApplication:
    """Build MSAL's application; reads the authority's OpenID configuration."""
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=credential if isinstance(credential, str) else dict(credential),
        authority=authority,
        instance_discovery=False,
        http_client=http,
    )


def refusal(answer: Mapping[str, Any], last: Answer | None) -> NotSent:
    """Return what an answer of the token endpoint without a token means."""
    code = answer.get("error")
    numbers = answer.get("error_codes")
    first = numbers[0] if isinstance(numbers, list) and numbers else None
    return NotSent(
        f"no token: {_first_line(answer.get('error_description') or code or 'unreadable answer')}",
        retryable=code not in PERMANENT_LOGIN_CODES,
        status=None if last is None else last.status,
        code=code if isinstance(code, str) else "NoToken",
        subcode=first if type(first) is int else None,
        retry_after=None if last is None else retry_after(last.headers),
    )


def _seconds(lifetime: object) -> float:
    """Read how long a token lives; old endpoints say it as text (REFERENCE 24.1)."""
    told = str(lifetime) if isinstance(lifetime, int | str) else ""
    return float(told) if re.fullmatch(r"[1-9][0-9]{0,8}", told) else 60.0


def _first_line(reason: object) -> str:
    return (str(reason).splitlines() or [""])[0][:300]
