"""One code made and one code verified, against the libraries that people use for it."""

import base64
import hmac
from collections.abc import Callable

import cryptography.hazmat.primitives.twofactor.totp as pyca
import django_otp.oath as django
import pyotp
from cryptography.hazmat.primitives.hashes import SHA1
from figures import Figure, show
from interleaved import compare, medians_s
from rich.console import Console

from keyfob import Parameters, hotp, totp
from keyfob_verifier.decide.decision import decide
from keyfob_verifier.decide.lessons import lesson_table
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.policies.fixed import FixedWindow
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.runs import run_map
from keyfob_verifier.decide.state import State

KEY = bytes(range(20))
NOW = 1_800_000_000.0
STEP = int(NOW) // 30
PARAMETERS = Parameters()


def figures() -> list[Figure]:
    """Making a code, verifying a right and a wrong one, and the tables that this takes."""
    return making() + verifying() + tables()


def making() -> list[Figure]:
    theirs = pyotp.TOTP(base64.b32encode(KEY).decode())
    twofactor = pyca.TOTP(KEY, 6, SHA1(), 30)
    message = STEP.to_bytes(8, "big")
    return compare(
        "Making one code",
        {
            "keyfob": lambda: totp(KEY, NOW, PARAMETERS),
            "cryptography": lambda: twofactor.generate(int(NOW)),
            "pyotp": lambda: theirs.at(int(NOW)),
            "hmac.digest alone": lambda: hmac.digest(KEY, message, "sha1"),
        },
        "pyotp",
    )


def verifying() -> list[Figure]:
    """Fobs that were last seen a week ago; django-otp with the database work of its model left out."""
    credible, fixed = CredibleWindow.for_token(PARAMETERS, 20.0), FixedWindow.for_token(PARAMETERS, 20.0)
    wide = fixed._replace(behind_steps=10, ahead_steps=10)
    settled, new = used_weekly(credible, weeks=52), used_weekly(credible, weeks=1)
    theirs = pyotp.TOTP(base64.b32encode(KEY).decode())
    codes = {"right": hotp(KEY, STEP, PARAMETERS), "wrong": "000000"}

    def code_at(step: int) -> str:
        return hotp(KEY, step, PARAMETERS)

    def ours(policy: WindowPolicy, state: State, kind: str) -> Callable[[], object]:
        return lambda: decide(policy, state, codes[kind], NOW, code_at)

    def pyotp_verify(kind: str, steps: int) -> Callable[[], object]:
        return lambda: theirs.verify(codes[kind], for_time=int(NOW), valid_window=steps)

    def django_verify(kind: str, steps: int) -> Callable[[], object]:
        def verify() -> bool:
            oath = django.TOTP(KEY)
            oath.time = NOW
            return bool(oath.verify(int(codes[kind]), tolerance=steps))

        return verify

    figures = []
    for kind in codes:
        ways = {
            "keyfob, credible window with its estimator": ours(credible, settled, kind),
            "the same, a week after the fob's first code": ours(credible, new, kind),
        }
        for steps, policy in ((1, fixed), (10, wide)):
            ways |= {
                f"keyfob, fixed ±{steps}": ours(policy, new, kind),
                f"pyotp ±{steps}": pyotp_verify(kind, steps),
                f"django-otp ±{steps}": django_verify(kind, steps),
            }
        figures += compare(f"Verifying one {kind} code", ways, "pyotp ±1")
    return figures


def tables() -> list[Figure]:
    """What a process pays once, with its first code and with its first right one."""
    policy = CredibleWindow.for_token(PARAMETERS, 20.0)
    ways = {
        "windows": lambda: run_map.__wrapped__(policy.runs.rule),
        "lessons": lambda: lesson_table.__wrapped__(policy.time_step_s, policy.delays),
    }
    return [
        Figure("Making the tables of a credible window", way, seconds * 1e3, "ms")
        for way, seconds in medians_s(ways).items()
    ]


def used_weekly(policy: CredibleWindow, weeks: int) -> State:
    """A perfect clock's owner, who took eight seconds to activate it so many weeks ago and to log in each week."""
    first_at = NOW - weeks * 7 * 86_400
    state = policy.enrol(first_at - 86_400, 0.0)
    for week in range(weeks):
        # a third of a step further each time, so that all places in a step come up
        at = first_at + week * (7 * 86_400 + 10)
        state = policy.accept(state, at, int(at - 8) // 30)
    return state


if __name__ == "__main__":
    show(figures(), Console())
