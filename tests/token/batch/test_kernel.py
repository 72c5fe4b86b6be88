"""What the compiled parts promise each other."""

import hashlib

import numpy as np
import pytest

from keyfob.batch import fips180, kernel
from keyfob.batch.unrolled import fold, inlined


def test_constants_are_those_that_the_standard_prints():
    assert [hex(k) for k in (fips180.K_SHA256[0], fips180.K_SHA256[63])] == ["0x428a2f98", "0xc67178f2"]
    assert [hex(k) for k in (fips180.K_SHA512[0], fips180.K_SHA512[79])] == [
        "0x428a2f98d728ae22",
        "0x6c44198c4a475817",
    ]
    assert [hex(h) for h in (fips180.H_SHA256[0], fips180.H_SHA256[7])] == ["0x6a09e667", "0x5be0cd19"]
    assert [hex(h) for h in (fips180.H_SHA512[0], fips180.H_SHA512[7])] == [
        "0x6a09e667f3bcc908",
        "0x5be0cd19137e2179",
    ]


@pytest.mark.parametrize(
    ("name", "word", "words"), [("sha1", np.uint32, 5), ("sha256", np.uint32, 8), ("sha512", np.uint64, 8)]
)
def test_one_block_is_hashed_as_hashlib_does(name, word, words):
    message = b"abc"
    block = message + b"\x80"
    block = block.ljust(16 * word().itemsize - 8, b"\0") + (8 * len(message)).to_bytes(8, "big")
    column = np.frombuffer(block, np.dtype(word).newbyteorder(">"))
    blocks, states = np.zeros((16, kernel.TILE), word), np.zeros((words, kernel.TILE), word)
    blocks[:, 3] = column
    getattr(kernel, f"hash_{name}")(blocks.ravel(), states.ravel(), 4)
    assert (
        states[:, 3].astype(np.dtype(word).newbyteorder(">")).tobytes() == hashlib.new(name, message).digest()
    )
    assert not states[:, 4:].any()


@pytest.mark.parametrize("digits", [6, 7, 8, 9])
def test_last_digits_are_right_beside_every_multiple(digits):
    power, reciprocal = 10**digits, np.float32(1) / np.float32(10**digits)
    multiples = np.arange(0, 2**31, power)
    for near in range(-3, 4):
        numbers = (multiples + near)[(multiples + near >= 0) & (multiples + near < 2**31)].astype(np.uint32)
        remainders = np.array([kernel.modulo(number, np.uint32(power), reciprocal) for number in numbers])
        assert (remainders == numbers % power).all()


def test_ten_digits_keep_all_31_bits():
    for number in (0, 1, 2**24 + 1, 10**9, 2**31 - 129, 2**31 - 128, 2**31 - 65, 2**31 - 64, 2**31 - 1):
        assert kernel.modulo(np.uint32(number), np.uint32(2**31), np.float32(2**-31)) == number


@inlined
def append(state, window, constant):
    return state * 10 + constant, (*window[1:], constant)


@inlined
def folded(constants):
    return fold(append, 0, (7, 8, 9), constants)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_unrolled_fold_takes_the_steps_in_order(count):
    constants = tuple(place % 10 for place in range(1, count + 1))
    assert folded(constants) == fold(append, 0, (7, 8, 9), constants)
    assert folded(constants)[0] == int("".join(map(str, constants)))
