import copy
import dataclasses
import pickle

import numpy as np
import pytest

from keyfob import Algorithm
from keyfob.batch import codes, keys, prepare, window_matches
from keyfob.batch.chunks import CHUNK
from keyfob.batch.kernel import TILE
from keyfob.errors import InvalidParametersError, InvalidSeedError

SEED = bytes(range(100, 120))
SHAPES = {Algorithm.SHA1: (10, "uint32"), Algorithm.SHA256: (16, "uint32"), Algorithm.SHA512: (16, "uint64")}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_states_are_a_structure_of_arrays(algorithm):
    midstates = prepare([SEED, b"x", b"y" * 300], algorithm)
    words, (rows, dtype) = midstates.reveal(), SHAPES[algorithm]
    assert (words.shape, words.dtype.name) == ((rows, 3), dtype)
    assert words.flags.c_contiguous
    assert midstates.algorithm is algorithm
    assert len(midstates) == 3


def test_seeds_of_several_lengths_are_kept_apart():
    seeds = [b"k", b"k\x01", bytearray(b"k"), b"longer than that", b"l" * 64, b"m" * 65]
    together = prepare(seeds).reveal()
    for column, seed in enumerate(seeds):
        assert (together[:, column] == prepare([seed]).reveal()[:, 0]).all()


def test_seeds_may_lie_apart_or_be_read_only():
    packed = np.random.default_rng(5).integers(0, 256, (50, 40), np.uint8)
    expected = prepare(np.ascontiguousarray(packed[::2, ::2])).reveal()
    packed.flags.writeable = False
    assert (prepare(packed[::2, ::2]).reveal() == expected).all()
    assert (prepare(np.asfortranarray(packed[::2, ::2])).reveal() == expected).all()


def test_seeds_handed_in_stay_as_they_are():
    packed = np.full((3, 20), 7, np.uint8)
    prepare(packed)
    assert (packed == 7).all()


def test_tuple_serves_as_well_as_a_list():
    assert (prepare((SEED, b"x")).reveal() == prepare([SEED, b"x"]).reveal()).all()


@pytest.mark.parametrize("none", [[], (), np.empty((0, 20), np.uint8), np.empty((0, 0), np.uint8)], ids=repr)
def test_no_seeds_give_no_states(none):
    midstates = prepare(none)
    assert len(midstates) == 0
    assert midstates.reveal().shape == (10, 0)


@pytest.mark.parametrize("seeds", [[b""], [SEED, b""], np.empty((2, 0), np.uint8)], ids=repr)
def test_empty_seed_is_refused(seeds):
    with pytest.raises(InvalidSeedError, match="empty"):
        prepare(seeds)


def test_empty_seed_is_named_by_its_place():
    with pytest.raises(InvalidSeedError, match=rf"number {CHUNK + 2} of them"):
        prepare([SEED] * (CHUNK + 2) + [b""])


@pytest.mark.parametrize(
    "seeds",
    [
        SEED,
        bytearray(SEED),
        SEED.decode(),
        [SEED.decode()],
        [SEED, list(SEED)],
        [None],
        None,
        iter([SEED]),
        np.frombuffer(SEED, np.uint8),
        np.frombuffer(SEED, np.int8).reshape(1, 20),
        np.frombuffer(SEED, np.uint32).reshape(1, 5),
        np.array([SEED]),
    ],
    ids=lambda seeds: type(seeds).__name__,
)
def test_seeds_of_another_kind_are_refused_and_not_repeated(seeds, assert_silent):
    with pytest.raises(InvalidParametersError) as caught:
        prepare(seeds)
    assert "seeds" in caught.value.field
    assert_silent(str(caught.value), SEED)
    assert_silent(repr(vars(caught.value)), SEED)


@pytest.mark.parametrize("algorithm", ["SHA1", None, "md5"])
def test_unknown_algorithm_is_refused(algorithm):
    with pytest.raises(InvalidParametersError) as caught:
        prepare([SEED], algorithm)
    assert caught.value.field == "algorithm"


def test_states_are_told_to_nobody(assert_silent):
    midstates = prepare([SEED])
    for words in (midstates.reveal(), midstates.reveal().byteswap()):
        assert_silent(f"{midstates} {midstates!r} {[midstates]} {midstates:}", words.tobytes())
    assert repr(midstates) == "<MidStates: 1, SHA1>"
    assert not hasattr(midstates, "__dict__")


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_states_can_be_neither_pickled_nor_copied(take):
    with pytest.raises(TypeError, match="MidStates"):
        take(prepare([SEED]))


def test_wiped_states_are_gone():
    midstates = prepare([SEED, b"x"])
    words = midstates.reveal()
    assert words.any()
    midstates.wipe()
    assert not words.any()
    assert len(midstates) == 0
    midstates.wipe()
    for use in (
        midstates.reveal,
        lambda: codes(midstates, 1),
        lambda: window_matches(midstates, 1, 1, 1, 1),
    ):
        with pytest.raises(InvalidSeedError, match="wiped"):
            use()


def test_nothing_on_the_way_to_the_states_outlives_it(monkeypatch):
    seen = []
    hashing = keys._HASHING[Algorithm.SHA1]

    def spied_kernel(blocks, states, columns):
        hashing.kernel(blocks, states, columns)
        seen.extend([blocks, states])

    def spied_hash(rows, *rest, hash_padded=keys._hash_padded):
        assert rows.any()
        seen.append(rows)
        hash_padded(rows, *rest)

    monkeypatch.setitem(keys._HASHING, Algorithm.SHA1, dataclasses.replace(hashing, kernel=spied_kernel))
    monkeypatch.setattr(keys, "_hash_padded", spied_hash)
    prepare([SEED, b"x" * 100])
    rows, *arrays = seen
    columns = [array.reshape(-1, TILE)[:, :2] for array in arrays]
    assert len(columns) == 4
    assert not any(array.any() for array in [rows, *columns])


def test_progress_is_told_as_seeds_get_done():
    told = []
    prepare(np.ones((CHUNK + 1, 8), np.uint8), advance=told.append)
    assert told == [CHUNK, 1]
