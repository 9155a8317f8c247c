"""Nothing that a test started in the background goes on, and logs, during the next one."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def graph_at_rest() -> Iterator[None]:
    """Have no token and no key of this test fetched after it."""
    from graph import conf
    from tests.webhooks.issuer import Issuer

    yield
    conf.close()
    while Issuer.made:
        Issuer.made.pop().keys.stop()
