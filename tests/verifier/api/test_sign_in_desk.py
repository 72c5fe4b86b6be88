import asyncio
import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.api.sign_in_desk import AT_ONCE, MOST_WAITING, REFUSALS_EVERY_S, SignInDesk, pause_s
from keyfob_verifier.people_errors import SignInBusyError, SignInRefusedError
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.passwords import CHEAPEST, Passwords
from keyfob_verifier.service.sign_in import SignIn
from keyfob_verifier.service.verification import verify

NOBODY = SignIn(DEFAULT_TENANT, "nobody", "a wrong password", "000000", "192.0.2.1")


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite:///{tmp_path}/data/verifier.db"


class SlowPasswords(Passwords):
    """Takes as long as it is told, and counts how many compare at once."""

    def __init__(self, work_s):
        super().__init__(CHEAPEST)
        self._work_s = work_s
        self._lock = threading.Lock()
        self._now = self.most = 0

    def match(self, password_hash, password):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._work_s)
        with self._lock:
            self._now -= 1
        return super().match(password_hash, password)


@pytest.fixture
def desk_with(context):
    def desk_with(passwords):
        async def submit(attempt):
            return verify(context, [attempt])[0]

        desk = SignInDesk(context, submit)
        desk.passwords = passwords
        return desk

    return desk_with


async def all_refused(desk, times):
    return await asyncio.gather(*(desk.sign_in(NOBODY) for _ in range(times)), return_exceptions=True)


@given(st.floats(0.0, 60.0))
def test_refusal_leaves_at_the_next_whole_multiple(worked_s):
    pause = pause_s(worked_s)
    assert 0.0 <= pause < REFUSALS_EVERY_S + 1e-9
    multiples = (worked_s + pause) / REFUSALS_EVERY_S
    assert math.isclose(multiples, round(multiples), abs_tol=1e-9)


@pytest.mark.parametrize("work_s", [0.0, 0.2])
def test_quick_and_slow_refusals_take_as_long(desk_with, work_s):
    desk = desk_with(SlowPasswords(work_s))
    started = time.monotonic()
    assert [type(told) for told in asyncio.run(all_refused(desk, 1))] == [SignInRefusedError]
    assert REFUSALS_EVERY_S <= time.monotonic() - started < REFUSALS_EVERY_S + 0.4


def test_few_passwords_are_compared_at_once(desk_with):
    passwords = SlowPasswords(0.02)
    told = asyncio.run(all_refused(desk_with(passwords), 3 * AT_ONCE))
    assert {type(each) for each in told} == {SignInRefusedError}
    assert passwords.most == AT_ONCE


def test_more_than_can_wait_are_told_to_come_back(desk_with):
    told = asyncio.run(all_refused(desk_with(SlowPasswords(0.0)), AT_ONCE + MOST_WAITING + 5))
    kinds = [type(each) for each in told]
    assert kinds.count(SignInBusyError) == 5
    assert kinds.count(SignInRefusedError) == AT_ONCE + MOST_WAITING
