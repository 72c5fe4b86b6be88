"""The second factor: TOTP codes (RFC 6238) with a window of one step either way, each step accepted once."""

import hmac
import time
from base64 import b64encode
from dataclasses import dataclass, field

from keyfob import Algorithm, Seed, time_step, totp
from keyfob.qr import draw_png
from keyfob.uri import Provisioning, format_uri

STEP_S = 30
WINDOW = (0, -1, 1)
"""Steps to try beside the present one."""


@dataclass
class SecondFactor:
    """One person's second factor.

    Attributes:
        seed: what the fob and this server share.
        last_step: the newest step that was accepted; codes of it and of older ones are not any more.
    """

    seed: Seed = field(default_factory=lambda: Seed.generate(Algorithm.SHA1))
    last_step: int = -1

    def accepts(self, code: str) -> bool:
        """Whether this is a code of about now, typed for the first time."""
        now = time.time()
        for steps in WINDOW:
            at = now + steps * STEP_S
            step = time_step(at)
            if step > self.last_step and hmac.compare_digest(totp(self.seed.reveal(), at), code):
                self.last_step = step
                return True
        return False

    def qr(self, account: str) -> str:
        """The picture that the person scans, as an image's data: URI."""
        uri = format_uri(Provisioning(self.seed, account, "Example"))
        return f"data:image/png;base64,{b64encode(draw_png(uri)).decode()}"
