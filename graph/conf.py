"""Graph as the settings describe it: one client per tenant, one verifier, kept for the life of the process."""

from __future__ import annotations

import functools
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msal
from django.conf import settings

from commsportal import redaction
from graph import auth, credentials
from graph.client import GraphClient
from graph.errors import NotSent, Refused
from graph.signatures import NoKeys, Verifier
from graph.transport import WHOLE_SECONDS, Observer, Wire

logger = logging.getLogger(__name__)

_observers: list[Observer] = []
_verifiers: list[Verifier] = []
_making = threading.Lock()  # two first callers must not make two of each


def client(tenant_id: str = "") -> GraphClient:
    """Return the client of a tenant; without an id, of the only (or first) one.

    :raises Refused: the tenant is not configured, or the settings cannot work.
    """
    configuration = _Configuration.read()
    tenant = (tenant_id or next(iter(configuration.tenants), "")).lower()
    configuration.check(tenant)
    try:
        with _making:
            return _client(configuration, tenant)
    except ValueError as reason:
        raise Refused(f"the settings for Graph cannot work: {reason}", code="Misconfigured") from reason


def verifier() -> Verifier:
    """Return the verifier of the notifications' tokens.

    :raises NoKeys: the settings name no audience, tenant or https document, so nobody can be let in.
    """
    try:
        with _making:
            return _verifier(_Callbacks.read())
    except ValueError as reason:
        raise NoKeys(f"the settings for callbacks cannot work: {reason}") from reason


def sign_in_verifier(tenant_id: str) -> Verifier:
    """Return the verifier of ID tokens of a tenant's people: MSAL validates none (REFERENCE 24.6).

    :raises NoKeys: the settings cannot work.
    """
    authority = f"{settings.GRAPH_LOGIN_URL}/{tenant_id}"
    callbacks = _Callbacks(
        documents=(f"{authority}/v2.0/.well-known/openid-configuration",),
        issuers=(f"{authority}/v2.0",),
        audience=settings.GRAPH_CLIENT_ID,
        tenants=(tenant_id,),
        skew=settings.CALLBACK_CLOCK_SKEW,
        ca_file=settings.GRAPH_CA_FILE,
    )
    try:
        with _making:
            return _verifier(callbacks)
    except ValueError as reason:
        raise NoKeys(f"the settings for sign-in cannot work: {reason}") from reason


def sign_in_application(
    tenant_id: str, *, whole_seconds: float = WHOLE_SECONDS
) -> msal.ConfidentialClientApplication:
    """Build MSAL's application for signing people in; reads the tenant's OpenID configuration.

    :param whole_seconds: that one exchange may take.
    :raises GraphError: the login service cannot be reached, or the credential cannot be read.
    """
    configuration = _Configuration.read()
    http = credentials.LoginHttp(configuration.login_url, wire(configuration.ca_file, whole_seconds))
    authority = f"{configuration.login_url}/{tenant_id}"
    return credentials.application(authority, configuration.client_id, configuration.credential(), http)


def warm_up(wait: float = 0.0) -> None:
    """Fetch every tenant's token and the signing keys in the background, so that nothing is cold when it rings.

    :param wait: seconds to wait at most until reading the signing keys has been tried.
    """
    for tenant in _Configuration.read().tenants:
        try:
            client(tenant)
        except Refused as error:
            logger.error("%s", error)
    try:
        keys = verifier().keys
        keys.start()
        keys.wait_tried(wait)
    except NoKeys as error:
        logger.error("%s", error)


def close() -> None:
    """End the threads that renew tokens and read keys, and forget who used them; who asks again gets new ones."""
    with _making:
        _keeper().stop()
        while _verifiers:
            _verifiers.pop().keys.stop()
        for made in (_client, _verifier, _keeper):
            made.cache_clear()


def observe(observer: Observer) -> None:
    """Have an observer told of every exchange with Graph: method, path template, status (0: none), seconds."""
    _observers.append(observer)


def token_statuses() -> list[auth.TokenStatus]:
    """Tell of each tenant's token that is in use."""
    return [source.status() for source in _keeper().sources()]


def key_statuses() -> list[dict[str, Any]]:
    """Tell of each document of signing keys; empty when the settings cannot work."""
    try:
        return verifier().keys.status()
    except NoKeys:
        return []


@dataclass(frozen=True)
class _Configuration:
    graph_url: str
    login_url: str
    ca_file: str
    tenants: tuple[str, ...]
    client_id: str
    secret: str = field(repr=False)
    secret_file: str
    certificate_file: str
    thumbprint: str

    @classmethod
    def read(cls) -> _Configuration:
        return cls(
            graph_url=settings.GRAPH_URL,
            login_url=settings.GRAPH_LOGIN_URL,
            ca_file=settings.GRAPH_CA_FILE,
            tenants=tuple(tenant.lower() for tenant in settings.GRAPH_TENANT_IDS),
            client_id=settings.GRAPH_CLIENT_ID,
            secret=settings.GRAPH_CLIENT_SECRET,
            secret_file=settings.GRAPH_CLIENT_SECRET_FILE,
            certificate_file=settings.GRAPH_CERTIFICATE_FILE,
            thumbprint=settings.GRAPH_CERTIFICATE_THUMBPRINT,
        )

    def check(self, tenant: str) -> None:
        """:raises Refused: this tenant is not configured."""
        if tenant not in self.tenants:
            raise Refused("this tenant is not configured (GRAPH_TENANT_ID)", code="ForeignTenant")

    def credential(self) -> credentials.Credential:
        """Read the credential; files are read at use, so that they may come late and be rotated.

        :raises NotSent: there is none.
        """
        if self.certificate_file:
            key = _read(self.certificate_file)  # the log knows a private key by its form
            thumbprint = self.thumbprint.replace(":", "")
            # Without a thumbprint MSAL takes it from the certificate, which stands in the same PEM file then.
            return {
                "private_key": key,
                **({"thumbprint": thumbprint} if thumbprint else {"public_certificate": key}),
            }
        secret = _read(self.secret_file).strip() if self.secret_file and not self.secret else self.secret
        redaction.hide(secret)
        if not secret:
            raise NotSent("no client secret or certificate is configured", retryable=True, code="NoCredential")
        return secret


@dataclass(frozen=True)
class _Callbacks:
    documents: tuple[str, ...]
    issuers: tuple[str, ...]
    audience: str
    tenants: tuple[str, ...]
    skew: int
    ca_file: str

    @classmethod
    def read(cls) -> _Callbacks:
        return cls(
            documents=tuple(settings.CALLBACK_OPENID_URLS),
            issuers=tuple(settings.CALLBACK_ISSUERS),
            audience=settings.CALLBACK_AUDIENCE,
            tenants=tuple(tenant.lower() for tenant in settings.GRAPH_TENANT_IDS),
            skew=settings.CALLBACK_CLOCK_SKEW,
            ca_file=settings.GRAPH_CA_FILE,
        )


# Keyed by what they were made from, so that changed settings (in tests) make new ones.
@functools.lru_cache(maxsize=64)
def _client(configuration: _Configuration, tenant: str) -> GraphClient:
    shared = wire(configuration.ca_file)
    fetch = credentials.ClientCredentials(
        configuration.login_url, tenant, configuration.client_id, configuration.credential, shared
    )
    source = auth.TokenSource(tenant, fetch)
    made = GraphClient(configuration.graph_url, tenant, source, shared, tell, app_id=configuration.client_id)
    _keeper().keep(source)
    return made


@functools.lru_cache(maxsize=64)
def _verifier(callbacks: _Callbacks) -> Verifier:
    made = Verifier(
        callbacks.documents,
        callbacks.issuers,
        callbacks.audience,
        callbacks.tenants,
        callbacks.skew,
        wire(callbacks.ca_file).document,
    )
    _verifiers.append(made)
    return made


@functools.lru_cache(maxsize=8)
def wire(ca_file: str, whole_seconds: float = WHOLE_SECONDS) -> Wire:
    """Return the connections that trust this CA file (empty: the usual authorities)."""
    return Wire(ca_file, whole_seconds=whole_seconds)


@functools.lru_cache(maxsize=1)
def _keeper() -> auth.TokenKeeper:
    return auth.TokenKeeper()


def reach(tenant_id: str, whole_seconds: float) -> tuple[str, Wire]:
    """Return Graph's address for a tenant's people, and connections of which no exchange takes longer.

    :raises Refused: the tenant is not configured.
    """
    configuration = _Configuration.read()
    configuration.check(tenant_id.lower())
    return configuration.graph_url, wire(configuration.ca_file, whole_seconds)


def tell(method: str, template: str, status: int, seconds: float) -> None:
    """Tell the observers of an exchange with Graph."""
    for observer in _observers:
        try:
            observer(method, template, status, seconds)
        except Exception:  # a counter that fails must not turn an answer into a failure
            logger.exception("an observer of Graph requests failed")


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise NotSent(f"the credential cannot be read: {reason}", retryable=True, code="NoCredential") from reason
