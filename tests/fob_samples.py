"""Fobs to test with: plain ones, any at all, and pictures for them to scan."""

import base64
import io

from hypothesis import strategies as st
from PIL import Image

from keyfob.clock import VirtualClock
from keyfob.oscillator import Crystal, Jump, Oscillator
from keyfob.parameters import Algorithm, Parameters
from keyfob.qr import draw_png
from keyfob.seed import SealingKey, Seed
from keyfob.temperature import CyclicTemperature, RecordedTemperature, TemperatureCycle
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState

SECRET = b"12345678901234567890"
URI = "otpauth://totp/ACME:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME"
BATTERY_LIFE_S = 1.4e8
"""A typical battery outlives four years."""
NOON = 1_767_268_800.0
"""2026-01-01T12:00Z, where a time step of 30 s begins."""


def steady(tolerance_ppm=0.0, offset_s=0.0, made_at=NOON):
    """A crystal that does nothing but run at its tolerance."""
    crystal = Crystal(tolerance_ppm, parabola_ppm_per_c2=0.0, ageing_ppm=0.0, wander_ppm_per_sqrt_day=0.0)
    return Oscillator(crystal=crystal, made_at=made_at, wander_seed=0, offset_at_manufacture_s=offset_s)


def spellings(secret):
    """How a secret may be written by whoever prints it."""
    return {
        secret.decode("latin-1"),
        secret.hex(),
        secret.hex().upper(),
        base64.b32encode(secret).decode().rstrip("="),
        base64.b32encode(secret).decode().rstrip("=").lower(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        str(list(secret))[1:-1],
    }


def tells(text, secret):
    return any(spelling in text for spelling in spellings(secret))


def picture_of(*texts):
    """A PNG with a QR code for each text, side by side."""
    codes = [Image.open(io.BytesIO(draw_png(text))).convert("L") for text in texts]
    width = sum(code.width for code in codes) or 200
    sheet = Image.new("L", (width, max((code.height for code in codes), default=200)), 255)
    left = 0
    for code in codes:
        sheet.paste(code, (left, 0))
        left += code.width
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


@st.composite
def parameter_sets(draw):
    """Any parameters that pyotp takes, too: it allows no step above two minutes."""
    return Parameters(
        algorithm=draw(st.sampled_from(Algorithm)),
        digits=draw(st.integers(6, 10)),
        time_step_s=draw(st.integers(1, 120)),
        t0_s=draw(st.integers(-(10**9), 10**9)),
    )


temperatures = st.one_of(
    st.builds(
        CyclicTemperature,
        st.floats(-20, 60),
        st.lists(
            st.builds(TemperatureCycle, st.floats(0, 20), st.floats(3600, 4e7), st.floats(0, 4e7)), max_size=2
        ).map(tuple),
    ),
    st.lists(
        st.tuples(st.floats(0, 2e9), st.floats(-40, 80)), min_size=1, max_size=4, unique_by=lambda p: p[0]
    )
    .map(sorted)
    .map(lambda points: RecordedTemperature(tuple(points))),
)


@st.composite
def oscillators(draw):
    made_at = draw(st.floats(1e9, 2e9))
    jumps = draw(st.lists(st.builds(Jump, st.floats(made_at, 3e9), st.floats(-1e4, 1e4)), max_size=3))
    return Oscillator(
        crystal=Crystal(draw(st.floats(-200, 200)), ageing_ppm=draw(st.floats(-5, 5))),
        temperature=draw(temperatures),
        made_at=made_at,
        wander_seed=draw(st.integers(0, 2**64 - 1)),
        offset_at_manufacture_s=draw(st.floats(-1e5, 1e5)),
        jumps=tuple(sorted(jumps, key=lambda jump: jump.at)),
    )


@st.composite
def fobs(draw):
    """A provisioned fob at any moment of its life, with its key, its clock and its secret (pyotp wants 14 bytes)."""
    oscillator = draw(oscillators())
    clock = VirtualClock(oscillator.made_at + draw(st.floats(0, BATTERY_LIFE_S)))
    key = SealingKey("test", draw(st.binary(min_size=32, max_size=32)))
    secret = draw(st.binary(min_size=14, max_size=64))
    fob = Fob(FobState.new("KF00000001", oscillator), key, clock)
    fob.program(Seed(secret), draw(parameter_sets()), "alice", "ACME")
    return fob, key, clock, secret
