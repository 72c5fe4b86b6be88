"""What the tests of `keyfob fob …` share: a moment, the fob that is quickly predicted, and a peer for its codes."""

import sys
from pathlib import Path

import pyotp

from fob_samples import SECRET
from keyfob.seed import Seed

KEYFOB = Path(sys.executable).with_name("keyfob")
AT_NOON = "2026-01-01T12:00:00Z"
PEER = pyotp.TOTP(Seed(SECRET).to_base32())
COUNTING_PEER = pyotp.HOTP(Seed(SECRET).to_base32())
STEADY = ("--drift-ppm", "0", "--wander-ppm", "0", "--at", AT_NOON)
