"""The token's life: warm, renewed ahead of time, used to its end, dropped when refused (REFERENCE 15.1, 24)."""

from __future__ import annotations

import threading

import pytest

from graph.auth import Token, TokenKeeper, TokenSource
from graph.errors import NotSent

TENANT = "b3f1c7de-0f5c-4c0e-9d2a-5a4d2f7c8e10"


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Endpoint:
    """A token endpoint that hands out numbered tokens, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: NotSent | None = None
        self.lifetime = 3600.0

    def __call__(self) -> Token:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{self.asked}", self.lifetime)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def source(endpoint: Endpoint, clock: Clock) -> TokenSource:
    return TokenSource(TENANT, endpoint, clock)


def test_one_token_serves_many_requests(source: TokenSource, endpoint: Endpoint) -> None:
    assert {source.bearer() for _ in range(10)} == {"token-1"}
    assert endpoint.asked == 1


@pytest.mark.control("R13")
def test_it_is_renewed_ahead_of_expiry_and_not_before(
    source: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    assert source.renew_if_due() == 3000
    clock.time += 2999
    assert source.renew_if_due() == 1
    assert endpoint.asked == 1
    clock.time += 1
    source.renew_if_due()
    assert source.bearer() == "token-2"


@pytest.mark.control("R13")
def test_while_the_endpoint_is_down_the_present_token_is_used_to_its_end(
    source: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    source.bearer()
    endpoint.failure = NotSent("down", retryable=True)
    clock.time += 3599
    source.renew_if_due()
    assert source.bearer() == "token-1"
    assert source.status().last_error == "down"
    clock.time += 1
    with pytest.raises(NotSent):
        source.bearer()
    endpoint.failure = None
    clock.time += 60
    assert source.bearer() == f"token-{endpoint.asked}"


@pytest.mark.control("R13")
def test_the_endpoint_is_asked_ever_more_rarely_while_it_fails(
    source: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.failure = NotSent("down", retryable=True)
    pauses = []
    for _ in range(9):
        pauses.append(source.renew_if_due())
        clock.time += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert endpoint.asked == 9


def test_during_the_pause_nobody_asks_and_everybody_learns_when(
    source: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.failure = NotSent("down", retryable=True, retry_after=30.0)
    for _ in range(100):
        with pytest.raises(NotSent) as caught:
            source.bearer()
    assert endpoint.asked == 1
    assert caught.value.retry_after == 30
    assert caught.value.retryable
    assert caught.value.message == "down"


def test_what_only_a_person_can_mend_says_so_and_is_tried_rarely(source: TokenSource, endpoint: Endpoint) -> None:
    endpoint.failure = NotSent("wrong secret", code="invalid_client", subcode=7000215)
    with pytest.raises(NotSent) as caught:
        source.bearer()
    assert not caught.value.retryable
    assert (caught.value.code, caught.value.subcode) == ("invalid_client", 7000215)
    assert source.renew_if_due() == 60


@pytest.mark.case(33)
def test_a_refused_token_is_forgotten_once(source: TokenSource, endpoint: Endpoint) -> None:
    refused = source.bearer()
    for _ in range(5):  # as many threads had sent it
        source.drop(refused)
        assert source.bearer() == "token-2"
    assert endpoint.asked == 2


@pytest.mark.control("R13")
def test_threads_that_need_a_token_at_once_share_one_fetch(clock: Clock) -> None:
    entered, go_on = threading.Event(), threading.Event()
    asked: list[int] = []

    def slow() -> Token:
        asked.append(1)
        entered.set()
        go_on.wait(60)
        return Token("shared", 3600)

    source = TokenSource(TENANT, slow, clock)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(source.bearer())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(60)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert got == ["shared"] * 8
    assert len(asked) == 1


def test_a_renewal_under_way_holds_nobody_up(clock: Clock) -> None:
    entered, go_on = threading.Event(), threading.Event()
    tokens = iter([Token("old", 3600), Token("new", 3600)])

    def fetch() -> Token:
        token = next(tokens)
        if token.value == "new":
            entered.set()
            go_on.wait(60)
        return token

    source = TokenSource(TENANT, fetch, clock)
    source.bearer()
    clock.time += 3100
    renewal = threading.Thread(target=source.renew_if_due)
    renewal.start()
    assert entered.wait(60)
    assert source.bearer() == "old"
    go_on.set()
    renewal.join(60)
    assert source.bearer() == "new"


def test_status_tells_age_and_remaining_life(source: TokenSource, clock: Clock) -> None:
    assert source.status().age is None
    source.bearer()
    clock.time += 100
    status = source.status()
    assert (status.tenant_id, status.age, status.expires_in, status.failures) == (TENANT, 100, 3500, 0)
    assert "token-1" not in repr(status)


@pytest.mark.case(23)
def test_one_thread_warms_all_tenants_at_start() -> None:
    names: set[str] = set()
    warm = threading.Barrier(3)  # two sources and this test

    def fetch(name: str) -> Token:
        names.add(threading.current_thread().name)
        threading.Thread(target=warm.wait, args=(60,), daemon=True).start()
        return Token(name, 3600)

    sources = [TokenSource(name, lambda name=name: fetch(name)) for name in ("a", "b")]
    keeper = TokenKeeper()
    for source in sources:
        keeper.keep(source)
    warm.wait(60)
    keeper.stop()
    assert names == {"graph-tokens"}
    assert [source.bearer() for source in sources] == ["a", "b"]
    assert keeper.sources() == tuple(sources)


@pytest.mark.control("R13")
def test_the_thread_comes_back_before_a_token_ends_and_so_nobody_else_ever_fetches() -> None:
    asked: list[str] = []
    renewed = threading.Event()

    def fetch() -> Token:
        asked.append(threading.current_thread().name)
        if len(asked) == 3:
            renewed.set()
        return Token(f"token-{len(asked)}", 0.4 if len(asked) < 3 else 3600)

    source, keeper = TokenSource(TENANT, fetch), TokenKeeper()
    keeper.keep(source)
    assert renewed.wait(60)
    keeper.stop()
    assert source.bearer() == "token-3"
    assert asked == ["graph-tokens"] * 3
