# ruff: noqa: D103, N802, N803, N806, PLR0917  names, arguments and meanings are those of FIPS 180-4
"""HMAC of a counter with SHA-1, SHA-256 and SHA-512, for as many keys at once as the processor has lanes.

It reads as FIPS 180-4 writes it, for one message; the loops at the end run it over columns of arrays. All within them
is straight-line code on single words, so LLVM computes 4 to 16 columns with each instruction, as long as rounds are
unrolled (`fold`), each sum is cut to a word at once (Numba adds two `uint32` to a `uint64`) and nothing branches. None of
that shows in a result, only in the speed. Numba's cache on disk looks for changes in this file only.
"""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from keyfob.batch import fips180
from keyfob.batch.unrolled import compiled, fold, inlined

u32 = np.uint32
u64 = np.uint64
f32 = np.float32

Words32 = tuple[np.uint32, ...]
Words64 = tuple[np.uint64, ...]
Array32 = npt.NDArray[np.uint32]
Array64 = npt.NDArray[np.uint64]

HIGH, LOW = (1, 0) if sys.byteorder == "little" else (0, 1)
"""Where the halves of a 64-bit number lie in memory."""
TILE = 4096
"""Columns that are hashed together."""


# --- functions (section 4.1) ---


@inlined
def Ch(x: Any, y: Any, z: Any) -> Any:
    return (x & y) ^ (~x & z)


@inlined
def Parity(x: Any, y: Any, z: Any) -> Any:
    return x ^ y ^ z


@inlined
def Maj(x: Any, y: Any, z: Any) -> Any:
    return (x & y) ^ (x & z) ^ (y & z)


@inlined
def ROTL(n: int, x: u32) -> u32:
    return u32(u32(x << u32(n)) | u32(x >> u32(32 - n)))


@inlined
def ROTR(n: int, x: u32) -> u32:
    return ROTL(32 - n, x)


@inlined
def ROTR64(n: int, x: u64) -> u64:
    return (x >> u64(n)) | (x << u64(64 - n))


@inlined
def Sigma0_256(x: u32) -> u32:
    return ROTR(2, x) ^ ROTR(13, x) ^ ROTR(22, x)


@inlined
def Sigma1_256(x: u32) -> u32:
    return ROTR(6, x) ^ ROTR(11, x) ^ ROTR(25, x)


@inlined
def sigma0_256(x: u32) -> u32:
    return ROTR(7, x) ^ ROTR(18, x) ^ (x >> u32(3))


@inlined
def sigma1_256(x: u32) -> u32:
    return ROTR(17, x) ^ ROTR(19, x) ^ (x >> u32(10))


@inlined
def Sigma0_512(x: u64) -> u64:
    return ROTR64(28, x) ^ ROTR64(34, x) ^ ROTR64(39, x)


@inlined
def Sigma1_512(x: u64) -> u64:
    return ROTR64(14, x) ^ ROTR64(18, x) ^ ROTR64(41, x)


@inlined
def sigma0_512(x: u64) -> u64:
    return ROTR64(1, x) ^ ROTR64(8, x) ^ (x >> u64(7))


@inlined
def sigma1_512(x: u64) -> u64:
    return ROTR64(19, x) ^ ROTR64(61, x) ^ (x >> u64(6))


# --- SHA-1 (section 6.1.2). W holds sixteen words of the schedule: W[0] is the standard's W_t ---


@inlined
def sha1_step(f: u32, state: Words32, W: Words32, K_t: u32) -> tuple[Words32, Words32]:
    a, b, c, d, e = state
    T = u32(ROTL(5, a) + f + e + K_t + W[0])
    W_next = ROTL(1, u32(W[13] ^ W[8] ^ W[2] ^ W[0]))
    return (T, a, ROTL(30, b), c, d), (*W[1:], W_next)


@inlined
def sha1_ch(state: Words32, W: Words32, K_t: u32) -> tuple[Words32, Words32]:
    return sha1_step(Ch(state[1], state[2], state[3]), state, W, K_t)


@inlined
def sha1_parity(state: Words32, W: Words32, K_t: u32) -> tuple[Words32, Words32]:
    return sha1_step(Parity(state[1], state[2], state[3]), state, W, K_t)


@inlined
def sha1_maj(state: Words32, W: Words32, K_t: u32) -> tuple[Words32, Words32]:
    return sha1_step(Maj(state[1], state[2], state[3]), state, W, K_t)


@inlined
def sha1(H: Words32, M: Words32) -> Words32:
    state, W = fold(sha1_ch, H, M, fips180.K_CH)
    state, W = fold(sha1_parity, state, W, fips180.K_PARITY)
    state, W = fold(sha1_maj, state, W, fips180.K_MAJ)
    state, W = fold(sha1_parity, state, W, fips180.K_PARITY_AGAIN)
    a, b, c, d, e = state
    return u32(H[0] + a), u32(H[1] + b), u32(H[2] + c), u32(H[3] + d), u32(H[4] + e)


# --- SHA-2 (sections 6.2.2 and 6.4.2), the same for both of its words ---


@inlined
def sha2_step(
    word: Any, Sigma0: Any, Sigma1: Any, sigma0: Any, sigma1: Any, state: Any, W: Any, K_t: Any
) -> Any:
    a, b, c, d, e, f, g, h = state
    T1 = word(h + Sigma1(e) + Ch(e, f, g) + K_t + W[0])
    T2 = word(Sigma0(a) + Maj(a, b, c))
    W_next = word(sigma1(W[14]) + W[9] + sigma0(W[1]) + W[0])
    return (word(T1 + T2), a, b, c, word(d + T1), e, f, g), (*W[1:], W_next)


@inlined
def sha256_step(state: Words32, W: Words32, K_t: u32) -> Any:
    return sha2_step(u32, Sigma0_256, Sigma1_256, sigma0_256, sigma1_256, state, W, K_t)


@inlined
def sha512_step(state: Words64, W: Words64, K_t: u64) -> Any:
    return sha2_step(u64, Sigma0_512, Sigma1_512, sigma0_512, sigma1_512, state, W, K_t)


@inlined
def sha2(word: Any, H: Any, state: Any) -> Any:
    a, b, c, d, e, f, g, h = state
    return (
        *(word(H[0] + a), word(H[1] + b), word(H[2] + c), word(H[3] + d)),
        *(word(H[4] + e), word(H[5] + f), word(H[6] + g), word(H[7] + h)),
    )


@inlined
def sha256(H: Words32, M: Words32) -> Any:
    return sha2(u32, H, fold(sha256_step, H, M, fips180.K_SHA256)[0])


@inlined
def sha512(H: Words64, M: Words64) -> Any:
    return sha2(u64, H, fold(sha512_step, H, M, fips180.K_SHA512)[0])


# --- the number in an HMAC, and its last digits (RFC 4226, section 5.3) ---


@inlined
def select(bit: u32, x: u32, y: u32) -> u32:
    """Takes x where the bit is 1 and y where it is 0, without a branch."""
    return u32(Ch(u32(u32(0) - bit), x, y))


@inlined
def number(a: u32, b: u32, c: u32, d: u32, e: u32, offset: u32) -> u32:
    """The 31 bits at a byte offset, 0 to 15, in five words."""
    by_8, by_4 = u32(u32(offset >> u32(3)) & u32(1)), u32(u32(offset >> u32(2)) & u32(1))
    a, b, c = select(by_8, c, a), select(by_8, d, b), select(by_8, e, c)
    a, b = select(by_4, b, a), select(by_4, c, b)
    bits = u32(u32(offset & u32(3)) << u32(3))
    return u32(u32(u32(a << bits) | u32(u32(b >> u32(1)) >> u32(u32(31) - bits))) & u32(0x7FFF_FFFF))


@inlined
def modulo(x: u32, power: u32, reciprocal: f32) -> u32:
    """31 bits modulo 10^6 to 10^9 or 2^31. A quotient by floating point is off by one at most, which then is mended."""
    x = u32(x - u32(u32(f32(x) * reciprocal) * power))
    x = min(x, u32(x + power))
    return min(x, u32(x - power))


# --- the loops: `hash_…` writes the states of first blocks, `hotp_…` the codes of counters or of their halves ---
# The first mid-state is in column `first`. Below 0 there is none: to know that spares LLVM the wrap-around of negative
# indices, and a fifth of the time. SHA-1's division is in the loop for LLVM's sake too: it then keeps to AVX-512's
# registers (9 % quicker, though with AVX2 18 % slower).


@inlined
def five(words: Any, row: int, i: int) -> Any:
    return (words[row, i], words[row + 1, i], words[row + 2, i], words[row + 3, i], words[row + 4, i])


@inlined
def eight(words: Any, row: int, i: int) -> Any:
    return (*five(words, row, i), words[row + 5, i], words[row + 6, i], words[row + 7, i])


@inlined
def counter(halves: Array32, i: int) -> Words32:
    return halves[2 * i + HIGH], halves[2 * i + LOW]


@inlined
def block(words: Any, i: int) -> Any:
    """A column of a flat array whose rows are `TILE` long: with strides that LLVM knows it need not fear overlaps."""
    return (
        *(words[i], words[i + TILE], words[i + 2 * TILE], words[i + 3 * TILE]),
        *(words[i + 4 * TILE], words[i + 5 * TILE], words[i + 6 * TILE], words[i + 7 * TILE]),
        *(words[i + 8 * TILE], words[i + 9 * TILE], words[i + 10 * TILE], words[i + 11 * TILE]),
        *(words[i + 12 * TILE], words[i + 13 * TILE], words[i + 14 * TILE], words[i + 15 * TILE]),
    )


@inlined
def keep(words: Any, i: int, H: Any) -> None:
    words[i], words[i + TILE], words[i + 2 * TILE], words[i + 3 * TILE], words[i + 4 * TILE] = H[:5]
    if len(H) == 8:
        words[i + 5 * TILE], words[i + 6 * TILE], words[i + 7 * TILE] = H[5:]


@compiled
def hash_sha1(blocks: Array32, states: Array32, columns: int) -> None:
    for i in range(columns):
        keep(states, i, sha1(fips180.H_SHA1, block(blocks, i)))


@compiled
def hash_sha256(blocks: Array32, states: Array32, columns: int) -> None:
    for i in range(columns):
        keep(states, i, sha256(fips180.H_SHA256, block(blocks, i)))


@compiled
def hash_sha512(blocks: Array64, states: Array64, columns: int) -> None:
    for i in range(columns):
        keep(states, i, sha512(fips180.H_SHA512, block(blocks, i)))


@compiled
def hotp_sha1(midstates: Array32, first: int, halves: Array32, power: u32, codes: Array32) -> None:
    if first < 0:
        return
    for i in range(codes.size):
        inner = sha1(five(midstates, 0, first + i), (*counter(halves, i), *fips180.AFTER_2))
        a, b, c, d, e = sha1(five(midstates, 5, first + i), (*inner, *fips180.AFTER_5))
        codes[i] = modulo(number(a, b, c, d, e, e), power, f32(1) / f32(power))


@compiled
def hotp_sha256(midstates: Array32, first: int, halves: Array32, power: u32, codes: Array32) -> None:
    if first < 0:
        return
    reciprocal = f32(1) / f32(power)
    for i in range(codes.size):
        inner = sha256(eight(midstates, 0, first + i), (*counter(halves, i), *fips180.AFTER_2))
        a, b, c, d, e, _, _, h = sha256(eight(midstates, 8, first + i), (*inner, *fips180.AFTER_8))
        codes[i] = modulo(number(a, b, c, d, e, h), power, reciprocal)


@compiled
def hotp_sha512(midstates: Array64, first: int, counters: Array64, power: u32, codes: Array32) -> None:
    if first < 0:
        return
    reciprocal = f32(1) / f32(power)
    for i in range(codes.size):
        inner = sha512(eight(midstates, 0, first + i), (counters[i], *fips180.AFTER_1_LONG))
        a, b, c, _, _, _, _, h = sha512(eight(midstates, 8, first + i), (*inner, *fips180.AFTER_8_LONG))
        x = number(u32(a >> u64(32)), u32(a), u32(b >> u64(32)), u32(b), u32(c >> u64(32)), u32(h))
        codes[i] = modulo(x, power, reciprocal)
