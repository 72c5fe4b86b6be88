"""What is kept of many keys: as secret as they are."""

from typing import Any, NoReturn

import numpy.typing as npt

from keyfob.errors import InvalidSeedError
from keyfob.parameters import Algorithm

Words = npt.NDArray[Any]
"""Of a hash: `uint32`, or for SHA-512 `uint64`."""


class MidStates:
    """HMAC's inner and outer hash state after the padded key, for many seeds: as secret as the seeds are.

    They appear in no repr and in no pickle. `len` tells how many there are. `prepare` makes them.

    Attributes:
        algorithm: the HMAC hash.
    """

    __slots__ = ("_words", "algorithm")

    def __init__(self, algorithm: Algorithm, words: Words) -> None:
        self.algorithm = algorithm
        self._words: Words | None = words

    def __len__(self) -> int:
        return 0 if self._words is None else int(self._words.shape[1])

    def __repr__(self) -> str:
        return f"<MidStates: {len(self)}, {self.algorithm.value}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("MidStates cannot be pickled")

    def reveal(self) -> Words:
        """The states themselves, no copy: C-contiguous, a column for each seed, the inner state above the outer one.

        For SHA-1 `uint32` of shape (10, N), for SHA-256 `uint32` of (16, N), for SHA-512 `uint64` of (16, N).

        Raises:
            InvalidSeedError: they were wiped.
        """
        if self._words is None:
            raise InvalidSeedError("it was wiped")
        return self._words

    def wipe(self) -> None:
        """Overwrites the states and forgets them."""
        if self._words is not None:
            self._words.fill(0)
            self._words = None
