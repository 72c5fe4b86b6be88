"""Who a request is from: keys, sessions, and what is remembered of them."""

import asyncio

import pytest
from fastapi import Request

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.access_errors import ForeignOriginError, TooManyRequestsError
from keyfob_verifier.api.authentication import CACHE_S, FAILURES_AT_ONCE, Authenticator, presented_key
from keyfob_verifier.errors import StorageUnavailableError, UnauthorizedError
from keyfob_verifier.service.api_keys import page, revoke_api_key, rotate_api_key
from keyfob_verifier.service.installation import DEFAULT_TENANT

STRANGER = "203.0.113.5"
WRONG = f"kf_{'0' * 12}_{'0' * 64}"
SOMEBODY = Caller(DEFAULT_TENANT, "person:alice", "auditor", frozenset({Permission.AUDIT_READ}))


def request_with(headers, method="GET", address="127.0.0.1"):
    raw = [
        (name.lower().encode(), value.encode()) for name, value in {"Host": "keyfob.test", **headers}.items()
    ]
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/",
            "query_string": b"",
            "headers": raw,
            "scheme": "http",
            "server": ("keyfob.test", 80),
            "client": (address, 1),
        }
    )


class Asking:
    """An authenticator in a time of its own, and how often it asked the database."""

    def __init__(self, context, monkeypatch):
        self.now_s = 1000.0
        self.looked_up = 0
        self.authenticator = Authenticator(context, lambda: self.now_s)
        look_up = self.authenticator._look_up

        def counted(presented):
            self.looked_up += 1
            return look_up(presented)

        monkeypatch.setattr(self.authenticator, "_look_up", counted)

    def __call__(self, *presented, address="127.0.0.1", **more):
        """Whom the requests with these keys, all at once, are from."""

        async def ask():
            requests = [
                request_with({"Authorization": f"Bearer {key}", **more}, address=address) for key in presented
            ]
            callers = await asyncio.gather(*map(self.authenticator, requests), return_exceptions=True)
            await self.authenticator.last_use.settle()
            return callers

        return asyncio.run(ask())

    def one(self, presented, address="127.0.0.1"):
        (caller,) = self(presented, address=address)
        if isinstance(caller, Exception):
            raise caller
        return caller


@pytest.fixture
def asking(context, monkeypatch):
    return Asking(context, monkeypatch)


def test_revocation_holds_after_five_seconds_at_most(asking, context, admin, new_key):
    issued = new_key("validator")
    assert asking.one(issued.api_key).actor == issued.record.id
    revoke_api_key(context, admin, issued.record.id)
    asking.now_s += CACHE_S - 0.01
    assert asking.one(issued.api_key).role == "validator"
    asking.now_s += 0.01
    with pytest.raises(UnauthorizedError):
        asking.one(issued.api_key)
    assert CACHE_S <= 5.0


def test_expiry_is_exact_though_the_key_is_remembered(asking, context, new_key):
    issued = new_key(life_s=2.0)
    assert asking.one(issued.api_key)
    context.clock.advance(seconds=2)
    with pytest.raises(UnauthorizedError):
        asking.one(issued.api_key)
    assert asking.looked_up == 1


def test_end_of_a_rotated_key_is_heard_of_within_the_overlap(asking, context, admin, new_key):
    issued = new_key()
    asking.one(issued.api_key)
    rotate_api_key(context, admin, issued.record.id, 10.0, None)
    context.clock.advance(seconds=10)
    asking.now_s += 10
    with pytest.raises(UnauthorizedError):
        asking.one(issued.api_key)


def test_address_counts_though_the_key_is_remembered(asking, new_key):
    issued = new_key(addresses=("127.0.0.0/8",))
    assert asking.one(issued.api_key, "127.0.0.9")
    with pytest.raises(UnauthorizedError):
        asking.one(issued.api_key, STRANGER)
    assert asking.one(issued.api_key, "127.0.0.9")


def test_requests_that_come_at_once_ask_the_database_once(asking, new_key):
    api_key = new_key().api_key
    assert len({caller.actor for caller in asking(*[api_key] * 32)}) == 1
    assert asking.looked_up == 1


def test_wrong_keys_are_not_remembered(asking):
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            asking.one(WRONG)
    assert asking.looked_up == 2


def test_use_is_noted_beside_the_request(asking, context, new_key):
    def noted(issued):
        return {key.id: key.last_used_at for key in page(context, DEFAULT_TENANT, "", 100)}[issued.record.id]

    issued, at = new_key(), context.clock.now()
    asking(*[issued.api_key] * 8)
    assert noted(issued) == at
    context.clock.advance(seconds=30)
    asking.now_s += 30
    asking.one(issued.api_key)
    assert noted(issued) == at
    context.clock.advance(seconds=30)
    asking.now_s += 30
    asking.one(issued.api_key)
    assert noted(issued) == at + 60


def test_request_does_not_fail_when_its_use_cannot_be_noted(asking, monkeypatch, new_key):
    def refuse(*_):
        raise StorageUnavailableError("the disk is full")

    monkeypatch.setattr("keyfob_verifier.api.last_use.note_use", refuse)
    assert asking.one(new_key().api_key).role == "admin"


def test_address_that_presents_wrong_keys_has_to_wait(asking, new_key):
    good = new_key().api_key
    assert asking.one(good, STRANGER)
    for _ in range(int(FAILURES_AT_ONCE)):
        with pytest.raises(UnauthorizedError):
            asking.one(WRONG, STRANGER)
    before = asking.looked_up
    with pytest.raises(TooManyRequestsError) as refused:
        asking.one(WRONG, STRANGER)
    assert refused.value.retry_after_s == 2
    with pytest.raises(TooManyRequestsError):
        asking.one(new_key().api_key, STRANGER)
    assert asking.looked_up == before
    assert asking.one(good, "203.0.113.6")
    asking.now_s += CACHE_S
    assert asking.one(good, STRANGER), "what was good a moment ago goes on working"


def test_this_machine_never_waits(asking):
    for _ in range(int(FAILURES_AT_ONCE) + 5):
        with pytest.raises(UnauthorizedError):
            asking.one(WRONG)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic", "Basic !", "Basic /w==", "Digest x", "kf_x"])
def test_what_is_no_key_is_refused(asking, header):
    with pytest.raises(UnauthorizedError):
        asyncio.run(asking.authenticator(request_with({"Authorization": header})))


def test_basic_counts_for_reading_only():
    assert presented_key("Basic bWU6a2Y=", "GET") == "kf"
    with pytest.raises(UnauthorizedError):
        presented_key("Basic bWU6a2Y=", "POST")


class TestSession:
    """Callers who come with a session's cookie."""

    def ask(self, asking, headers, method="GET"):
        async def look_up(secret):
            if secret != "right":
                raise UnauthorizedError
            return SOMEBODY

        asking.authenticator.sessions = look_up
        return asyncio.run(asking.authenticator(request_with(headers, method)))

    def test_cookie_names_its_person(self, asking):
        assert self.ask(asking, {"Cookie": "a=b; keyfob_session=right"}) == SOMEBODY

    @pytest.mark.parametrize("cookie", ["keyfob_session=wrong", "session=right", ""])
    def test_no_other_cookie_does(self, asking, cookie):
        with pytest.raises(UnauthorizedError):
            self.ask(asking, {"Cookie": cookie})

    def test_key_counts_before_the_cookie(self, asking, new_key):
        headers = {
            "Cookie": "keyfob_session=right",
            "Authorization": f"Bearer {new_key('validator').api_key}",
        }
        assert self.ask(asking, headers).role == "validator"
        with pytest.raises(UnauthorizedError):
            self.ask(asking, headers | {"Authorization": f"Bearer {WRONG}"})

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "same-origin"},
            {"Origin": "http://keyfob.test"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://keyfob.test"},
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_own_page_may_change_something(self, asking, headers, method):
        assert self.ask(asking, {"Cookie": "keyfob_session=right", **headers}, method) == SOMEBODY

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://keyfob.test"},
            {"Origin": "https://keyfob.test"},
            {"Origin": "http://evil.test"},
            {"Origin": "http://keyfob.test:8080"},
            {"Origin": "null"},
        ],
    )
    def test_page_of_another_site_may_not(self, asking, headers):
        with pytest.raises(ForeignOriginError):
            self.ask(asking, {"Cookie": "keyfob_session=right", **headers}, "POST")
        assert self.ask(asking, {"Cookie": "keyfob_session=right", **headers}, "GET") == SOMEBODY
