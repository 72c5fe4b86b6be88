"""The constants of FIPS 180-4, made as the standard says they were made: sections 4.2, 5.1 and 5.3."""

from itertools import count, islice
from typing import Any

import numpy as np

_PRIMES = tuple(islice((n for n in count(2) if all(n % d for d in range(2, n))), 80))


def _fraction(prime: int, degree: int) -> int:
    """The first 64 bits of the fractional part of a prime's square or cube root."""
    scaled = prime << 64 * degree
    root = 0
    for bit in reversed(range(70)):
        if (root | 1 << bit) ** degree <= scaled:
            root |= 1 << bit
    return root % 2**64


_SQUARE_ROOTS = tuple(_fraction(prime, 2) for prime in _PRIMES[:8])
_CUBE_ROOTS = tuple(_fraction(prime, 3) for prime in _PRIMES)

K_CH, K_PARITY, K_MAJ, K_PARITY_AGAIN = (
    (np.uint32(k),) * 20 for k in (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6)
)
"""SHA-1's, for the twenty rounds of each of its functions (section 4.2.1)."""

K_SHA256 = tuple(np.uint32(root >> 32) for root in _CUBE_ROOTS[:64])
K_SHA512 = tuple(np.uint64(root) for root in _CUBE_ROOTS)

H_SHA1 = tuple(np.uint32(h) for h in (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0))
H_SHA256 = tuple(np.uint32(root >> 32) for root in _SQUARE_ROOTS)
H_SHA512 = tuple(np.uint64(root) for root in _SQUARE_ROOTS)


def _padding(word: Any, words: int) -> Any:
    """What follows a message of one block and so many words (section 5.1)."""
    width = 8 * word().itemsize
    return (word(1 << (width - 1)), *[word(0)] * (14 - words), word((16 + words) * width))


AFTER_2, AFTER_5, AFTER_8 = (_padding(np.uint32, words) for words in (2, 5, 8))
AFTER_1_LONG, AFTER_8_LONG = (_padding(np.uint64, words) for words in (1, 8))
