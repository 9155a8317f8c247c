"""A strict identity provider: authorization codes that are good once, PKCE, and ID tokens that tests may spoil."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.graph import signing
from tests.graph.fake_service import Authority, FakeService, Reply, Seen

TENANT = "b3f1c7de-0f5c-4c0e-9d2a-5a4d2f7c8e10"
FOREIGN_TENANT = "99999999-9999-4999-8999-999999999999"
CLIENT = "f2f0a1de-52c5-4a60-9c1c-1b9d1f6a7a01"
OID = "dddddddd-0000-4000-8000-0000000000aa"


class Provider(FakeService):
    """Answers the documents, the keys and the token endpoint of one tenant."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.context("localhost"))
        self.issuer = f"{self.url}/{TENANT}/v2.0"
        self.codes: dict[str, dict[str, str]] = {}
        self.spoil: dict[str, Any] = {}  # claims that differ; `...` leaves one out
        self.signed_by = 1
        self.header = signing.header(kid="sign-in")
        self.on("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration", Reply(body=self._document()))
        keys = {"keys": [signing.jwk(signing.key(1), "sign-in")]}
        self.on("GET", f"/{TENANT}/discovery/v2.0/keys", Reply(body=keys))

    def authorize(self, address: str) -> dict[str, str]:
        """Be the person at the authorize page who agrees; return the query of the way back."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "session_state": "x"}

    def reply(self, seen: Seen) -> Reply:
        """Redeem codes, leave the rest to the script."""
        if (seen.method, seen.path) != ("POST", f"/{TENANT}/oauth2/v2.0/token"):
            return super().reply(seen)
        self.seen.append(seen)
        form = seen.form
        asked = self.codes.pop(form["code"], None)
        if asked is None or _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return Reply(400, {"error": "invalid_grant", "error_codes": [54005], "error_description": "spent"})
        if form["redirect_uri"] != asked["redirect_uri"] or form["client_secret"] != "the secret":
            return Reply(401, {"error": "invalid_client", "error_codes": [7000215], "error_description": "no"})
        body = {"token_type": "Bearer", "expires_in": 3599, "scope": "openid", "access_token": "opaque"}
        return Reply(200, body | {"id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        """Return an ID token, good unless a test spoils it."""
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": CLIENT,
            "tid": TENANT,
            "oid": OID,
            "sub": "pairwise",
            "nonce": nonce,
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + 3600,
            "name": "Dagny Sørensen",
            "preferred_username": "dagny@contoso.example",
            "email": "dagny@contoso.example",
            "roles": ["receptionist"],
        }
        kept = {name: value for name, value in (told | self.spoil).items() if value is not ...}
        return signing.token(self.header, kept, signing.key(self.signed_by))

    def _document(self) -> dict[str, str]:
        base = f"{self.url}/{TENANT}"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
        }


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
