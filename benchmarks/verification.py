"""One code made and one code verified, against the libraries that people use for it."""

import base64
import hmac

import pyotp
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from interleaved import show

from keyfob import Parameters, hotp, totp
from keyfob_verifier.decide.decision import decide
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.policies.fixed import FixedWindow

KEY = bytes(range(20))
NOW = 1_800_000_000.0
STEP = int(NOW) // 30
PARAMETERS = Parameters()


def main() -> None:
    theirs = pyotp.TOTP(base64.b32encode(KEY).decode())
    pyca = TOTP(KEY, 6, SHA1(), 30)
    message = STEP.to_bytes(8, "big")
    show(
        "Making one code",
        {
            "keyfob": lambda: totp(KEY, NOW, PARAMETERS),
            "pyotp": lambda: theirs.at(int(NOW)),
            "cryptography": lambda: pyca.generate(int(NOW)),
            "hmac.digest alone": lambda: hmac.digest(KEY, message, "sha1"),
        },
        "pyotp",
    )
    credible, fixed = CredibleWindow.for_token(PARAMETERS, 20.0), FixedWindow.for_token(PARAMETERS, 20.0)
    known = credible.prove(
        credible.enrol(NOW - 8 * 86_400, 0.0), NOW - 7 * 86_400, int(NOW - 7 * 86_400) // 30
    )
    good, wrong = hotp(KEY, STEP, PARAMETERS), "000000"

    def code_at(step: int) -> str:
        return hotp(KEY, step, PARAMETERS)

    show(
        "Verifying one code (credible: drift followed over a week's gap)",
        {
            "keyfob credible, right": lambda: decide(credible, known, good, NOW, code_at),
            "keyfob credible, wrong": lambda: decide(credible, known, wrong, NOW, code_at),
            "keyfob fixed ±1, right": lambda: decide(fixed, known, good, NOW, code_at),
            "keyfob fixed ±1, wrong": lambda: decide(fixed, known, wrong, NOW, code_at),
            "pyotp ±1, wrong": lambda: theirs.verify(wrong, for_time=int(NOW), valid_window=1),
            "pyotp ±1, right": lambda: theirs.verify(good, for_time=int(NOW), valid_window=1),
        },
        "pyotp ±1, wrong",
    )


if __name__ == "__main__":
    main()
