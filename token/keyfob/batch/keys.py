"""Keys, hashed as far as they can be before the counter is known (RFC 2104, section 4)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keyfob.batch import kernel
from keyfob.batch.chunks import CHUNK, Advance, in_chunks, nobody
from keyfob.batch.midstates import MidStates, Words
from keyfob.errors import InvalidParametersError, InvalidSeedError
from keyfob.parameters import Algorithm, Parameters

Bytes = npt.NDArray[np.uint8]
Seeds = Sequence[bytes | bytearray] | Bytes

_IPAD, _OPAD = 0x36, 0x5C


def prepare(
    seeds: Seeds,
    algorithm: Algorithm = Algorithm.SHA1,
    *,
    parallel: bool = False,
    advance: Advance = nobody,
) -> MidStates:
    """The mid-states of many seeds, from which a code then costs two compressions of the hash.

    Args:
        seeds: a list of `bytes` or `bytearray`, each of any length but zero; or, quicker, a `uint8` array of shape
            (N, length). Seeds longer than the hash's block are hashed first (RFC 2104), one by one.
        algorithm: the HMAC hash.
        parallel: on all cores. The result is the same to the bit.
        advance: told now and then how many more seeds are done.

    Raises:
        InvalidParametersError: seeds of another type, dtype or number of dimensions; no such algorithm.
        InvalidSeedError: one of them is empty.
    """
    hashing = _HASHING[Parameters(algorithm).algorithm]
    _require_seeds(seeds)
    words = np.empty((2 * hashing.state_words, len(seeds)), hashing.word)

    def work(first: int, last: int) -> None:
        rows = _rows(seeds[first:last], first, algorithm)
        for at in range(0, len(rows), kernel.TILE):
            tile = rows[at : at + kernel.TILE]
            _hash_padded(tile, hashing, words[:, first + at : first + at + len(tile)])
        rows.fill(0)

    for _ in in_chunks(work, len(seeds), CHUNK, parallel=parallel, advance=advance):
        pass
    return MidStates(algorithm, words)


@dataclass(frozen=True, slots=True)
class _Hashing:
    kernel: Callable[[Words, Words, int], None]
    word: type[np.uint32 | np.uint64]
    state_words: int

    @property
    def word_bytes(self) -> int:
        return self.word().itemsize

    @property
    def block_bytes(self) -> int:
        return 16 * self.word_bytes


_HASHING = {
    Algorithm.SHA1: _Hashing(kernel.hash_sha1, np.uint32, 5),
    Algorithm.SHA256: _Hashing(kernel.hash_sha256, np.uint32, 8),
    Algorithm.SHA512: _Hashing(kernel.hash_sha512, np.uint64, 8),
}


def _require_seeds(seeds: Seeds) -> None:
    wanted = "a list of bytes, or a uint8 array of shape (N, length)"
    if isinstance(seeds, np.ndarray):
        if seeds.dtype != np.uint8 or seeds.ndim != 2:
            raise InvalidParametersError("seeds", (seeds.dtype.name, seeds.shape), wanted)
        if seeds.shape[1] == 0 < len(seeds):
            raise InvalidSeedError("it is empty")
    elif not isinstance(seeds, list | tuple):
        raise InvalidParametersError("seeds", type(seeds), wanted)


def _rows(seeds: Seeds, first: int, algorithm: Algorithm) -> Bytes:
    """A copy of the seeds, one in a row, none longer than the hash's block."""
    if not isinstance(seeds, np.ndarray):
        return _joined(seeds, first, algorithm)
    if seeds.shape[1] > _HASHING[algorithm].block_bytes:
        return _joined([row.tobytes() for row in seeds], first, algorithm)
    return np.array(seeds, order="C")


def _joined(seeds: Sequence[bytes | bytearray], first: int, algorithm: Algorithm) -> Bytes:
    """The same from a list, zeros added to the shorter ones, as HMAC would."""
    for kind in set(map(type, seeds)):
        if not issubclass(kind, bytes | bytearray):
            raise InvalidParametersError("each of the seeds", kind, "bytes")
    lengths = set(map(len, seeds))
    if 0 in lengths:
        place = first + [len(seed) for seed in seeds].index(0)
        raise InvalidSeedError(f"number {place} of them, counted from 0, is empty")
    block_bytes = _HASHING[algorithm].block_bytes
    if max(lengths) > block_bytes:
        digest = getattr(hashlib, algorithm.hash_name)
        seeds = [seed if len(seed) <= block_bytes else digest(seed).digest() for seed in seeds]
        lengths = set(map(len, seeds))
    longest = max(lengths)
    if len(lengths) > 1:
        seeds = [seed.ljust(longest, b"\0") for seed in seeds]
    return np.frombuffer(bytearray().join(seeds), np.uint8).reshape(-1, longest)


@np.errstate(over="ignore")  # where Numba's compiler is switched off, NumPy would warn of each sum modulo 2^w
def _hash_padded(rows: Bytes, hashing: _Hashing, words: Words) -> None:
    """Writes the inner states, and below them the outer ones, of the keys in `rows`."""
    keys, length = rows.shape
    padded = np.zeros((keys, -(-length // hashing.word_bytes) * hashing.word_bytes), np.uint8)
    padded[:, :length] = rows
    key_words = padded.view(np.dtype(hashing.word).newbyteorder(">")).T
    blocks = np.zeros((16, kernel.TILE), hashing.word)
    states = np.empty((hashing.state_words, kernel.TILE), hashing.word)
    blocks[: len(key_words), :keys] = key_words
    for half, pad in zip(np.split(words, 2), (_IPAD, _IPAD ^ _OPAD), strict=True):
        blocks[:, :keys] ^= hashing.word(int.from_bytes(bytes([pad]) * hashing.word_bytes))
        hashing.kernel(blocks.ravel(), states.ravel(), keys)
        half[:] = states[:, :keys]
    for secret in (padded, blocks[:, :keys], states[:, :keys]):
        secret.fill(0)
