"""Logins a second at other servers with their defaults, each in turns with an empty FastAPI endpoint.

Every request brings the right code of a token that was never used before, and only accepted ones count.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from figures import Figure, show
from http_load import Load, drive, post
from login_rate import CONNECTIONS, empty_endpoint, one_core
from peer_process import DJANGO_OTP, PRIVACYIDEA, Peer
from rich.console import Console

from keyfob import totp

ROUNDS = 5
EMPTY_REQUESTS = 1500
REFERENCE = "the empty endpoint"


@dataclass(frozen=True)
class Login:
    """One way to log in at a peer.

    Attributes:
        peer: whose server.
        described: what the figure has in it, and what it leaves out.
        round_requests: how many a round sends.
        path: where to.
        code_field: of the request, what the serial is beside.
        accepted: whether an answer's body says so.
        pin: that stands before the code.
    """

    peer: Peer
    described: str
    round_requests: int
    path: str
    code_field: str
    accepted: Callable[[bytes], bool]
    pin: str = ""

    @property
    def tokens(self) -> int:
        """As many as all rounds use, and one round to warm up."""
        return (ROUNDS + 1) * self.round_requests

    def requests(self, seeds: Mapping[str, bytes], at: float) -> list[bytes]:
        return [
            post(self.path, {"serial": serial, self.code_field: self.pin + totp(seed, at)})
            for serial, seed in seeds.items()
        ]


def django_accepted(body: bytes) -> bool:
    return bool(json.loads(body)["answer"] == "accepted")


def privacyidea_accepted(body: bytes) -> bool:
    return json.loads(body)["result"].get("value") is True


LOGINS = (
    Login(
        DJANGO_OTP,
        "one sync worker of gunicorn, SQLite as Django sets it; seeds in clear, no record, no sessions",
        300,
        "/v1/validate",
        "code",
        django_accepted,
    ),
    Login(
        PRIVACYIDEA,
        "one sync worker of gunicorn, SQLite; seed unsealed, record and answer signed; no PIN, no user",
        15,
        "/validate/check",
        "pass",
        privacyidea_accepted,
    ),
    Login(
        PRIVACYIDEA,
        "the same with a PIN before the code, hashed with argon2",
        3,
        "/validate/check",
        "pass",
        privacyidea_accepted,
        pin="4711",
    ),
)


def figures() -> list[Figure]:
    """Those peers that are installed; about a minute."""
    found = []
    for peer in dict.fromkeys(login.peer.distribution for login in LOGINS):
        logins = [login for login in LOGINS if login.peer.distribution == peer]
        if logins[0].peer.installed:
            found += beside_empty(logins[0].peer, logins)
        else:
            print(f"left out: {peer} is not installed in .peers/{peer}; `make peers` does that")
    return found


def beside_empty(peer: Peer, logins: list[Login]) -> list[Figure]:
    """All ways to log in at one peer, whose server and the load share one core."""
    section = f"Accepted logins at {peer.distribution} {peer.version}, server and load on one core"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        peer.set_up(directory)
        seeds = [peer.enrol(directory, login.tokens, login.pin) for login in logins]
        with one_core(), empty_endpoint() as empty, peer.serve(directory) as port:
            return [
                figure
                for login, known in zip(logins, seeds, strict=True)
                for figure in in_turns(section, login, known, port, empty)
            ]


def in_turns(section: str, login: Login, seeds: Mapping[str, bytes], port: int, empty: int) -> list[Figure]:
    loads, empties = [], []
    question = post("/v1/validate", {"serial": "KF00000000", "code": "123456"})
    for fresh in rounds(seeds, login.round_requests):
        loads.append(drive(port, login.requests(fresh, time.time()), min(CONNECTIONS, len(fresh))))
        empties.append(drive(empty, [question] * EMPTY_REQUESTS, CONNECTIONS))
    loads, empties = loads[1:], empties[1:]
    taken = [accepted(load, login) for load in loads]
    rate = statistics.median(count / load.seconds for count, load in zip(taken, loads, strict=True))
    reference = statistics.median(load.rate for load in empties)
    share = 100.0 * sum(taken) / (login.round_requests * len(loads))
    return [
        Figure(section, login.described, rate, "requests/s", rate / reference, REFERENCE),
        Figure(section, "empty endpoint, in turns with it", reference, "requests/s", 1.0, REFERENCE),
        Figure(section, "its right codes that were accepted", share, "%"),
    ]


def rounds(seeds: Mapping[str, bytes], count: int) -> Iterator[dict[str, bytes]]:
    """The tokens in portions, so that none is used twice."""
    waiting = iter(seeds.items())
    while portion := dict(islice(waiting, count)):
        yield portion


def accepted(load: Load, login: Login) -> int:
    """How many of the load's requests were."""
    return sum(
        count for (status, body), count in load.answers.items() if status == b"200" and login.accepted(body)
    )


if __name__ == "__main__":
    show(figures(), Console())
