"""The key that signs the bench's notifications. Servers judge its tokens as ever; only fetching is cut short."""

import functools
import json
import os

from tests.webhooks.issuer import AUDIENCE, TENANT, Issuer

NAME = "BENCH_SIGNING_DOCUMENTS"


@functools.cache
def issuer() -> Issuer:
    """Return the issuer of this run."""
    return Issuer()


def environment() -> dict[str, str]:
    """Return what a server needs to know of the key, and the settings that go with its tokens."""
    settings = {"GRAPH_TENANT_ID": TENANT, "GRAPH_CLIENT_ID": AUDIENCE, "GRAPH_CLIENT_SECRET": "unused"}
    return settings | {NAME: json.dumps(issuer().documents())}


def published() -> Issuer:
    """Return, inside a server, an issuer that publishes the documents of the run."""
    given = Issuer()
    documents = json.loads(os.environ[NAME])
    given.documents = lambda: documents  # type: ignore[method-assign]
    return given
