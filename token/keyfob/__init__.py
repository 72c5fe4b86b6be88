"""keyfob's core: TOTP codes, sealed seeds, drifting clocks and the formats that carry a credential."""

from keyfob.clock import Clock, SystemClock, VirtualClock
from keyfob.codes import hotp, parse_code, time_step, totp
from keyfob.errors import KeyfobError
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Binding, SealedSeed, SealingKey, Seed

__all__ = [
    "Algorithm",
    "Binding",
    "Clock",
    "KeyfobError",
    "Parameters",
    "SealedSeed",
    "SealingKey",
    "Seed",
    "SystemClock",
    "VirtualClock",
    "hotp",
    "parse_code",
    "time_step",
    "totp",
]
