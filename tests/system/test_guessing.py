"""How often may be guessed at a verifier that was told so as it was started."""

import time

import pytest

from keyfob.uri import parse_uri
from served import Served

AWAY = 8
"""A fob whose clock was set four minutes ahead: far beyond its window."""
BACK_OFF_S = 1.1


class Holder:
    """Somebody with an active token, at the machine's time."""

    def __init__(self, served, name):
        self._served = served
        enrolled = served.http.post("/v1/tokens", json={"account": name}).json()
        self._serial, uri = enrolled["token"]["serial"], parse_uri(enrolled["uri"])
        self._seed, self._parameters = uri.seed, uri.parameters
        told = served.http.post(f"/v1/tokens/{self._serial}/activate", json={"code": self.codes(0)[0]})
        assert told.json()["answer"] == "accepted"

    def codes(self, *steps):
        now = int(time.time()) // self._parameters.time_step_s
        return [self._seed.code(now + each, self._parameters) for each in steps]

    def submit(self, code):
        return self._served.http.post("/v1/validate", json={"serial": self._serial, "code": code})

    def submit_pair(self):
        """Two consecutive codes beyond the window; what is told of each."""
        first, second = self.codes(AWAY, AWAY + 1)
        told = [self.submit(first).json()]
        time.sleep(BACK_OFF_S)
        return [*told, self.submit(second).json()]


def test_lowered_budget_locks_and_next_code_mode_can_be_turned_off(tmp_path):
    wrong = {"answer": "refused", "reason": "wrong"}
    with Served(tmp_path, "--failure-budget", "3", "--failure-refill", "0.5", "--no-next-code") as served:
        alice = Holder(served, "alice")
        assert alice.submit_pair() == [wrong, wrong]
        time.sleep(2 * BACK_OFF_S)
        (far,) = alice.codes(AWAY + 20)
        assert alice.submit(far).json() == wrong
        locked = alice.submit(alice.codes(1)[0])
        assert locked.status_code == 429
        assert int(locked.headers["retry-after"]) == pytest.approx(7200, abs=60)
        bob = Holder(served, "bob")
        assert bob.submit(bob.codes(1)[0]).json()["answer"] == "accepted"


def test_pair_of_consecutive_codes_is_accepted_where_next_code_mode_is_on(tmp_path):
    with Served(tmp_path, "--next-code", "--failure-budget", "3") as served:
        first, second = Holder(served, "alice").submit_pair()
    assert first == {"answer": "refused", "reason": "wrong"}
    assert second["answer"] == "accepted"
