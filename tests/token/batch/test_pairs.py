import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, hotp
from keyfob.batch import codes, kernel, prepare, window_matches
from keyfob.batch.chunks import CHUNK
from keyfob.errors import CounterRangeError, InvalidParametersError

SEEDS = [b"first", b"second seed", b"a third one"]
STEPS = np.array([1, 2**40, 2**64 - 1], np.uint64)


@pytest.fixture
def midstates():
    return prepare(SEEDS)


def shown(seeds, steps, digits=6):
    return [int(hotp(seed, step, Parameters(digits=digits))) for seed, step in zip(seeds, steps, strict=True)]


def row(behind, ahead, *hits):
    return [offset in hits for offset in range(-behind, ahead + 1)]


# --- codes ---


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">u4", ">i8", ">u8"])
def test_any_integers_are_steps(midstates, dtype):
    assert codes(midstates, np.array([0, 5, 127], dtype)).tolist() == shown(SEEDS, [0, 5, 127])


def test_result_is_uint32(midstates):
    assert codes(midstates, STEPS).dtype == np.uint32
    assert codes(midstates, STEPS, 10).dtype == np.uint32


def test_steps_may_lie_apart_be_read_only_or_misaligned(midstates):
    expected = shown(SEEDS, STEPS.tolist())
    apart = np.repeat(STEPS, 2)[::2]
    fixed = STEPS.copy()
    fixed.flags.writeable = False
    misaligned = np.frombuffer(b"x" + STEPS.tobytes(), np.uint8)[1:].view(np.uint64)
    assert not misaligned.flags.aligned
    for steps in (apart, fixed, misaligned):
        assert codes(midstates, steps).tolist() == expected
    assert codes(midstates, STEPS[::-1]).tolist() == shown(SEEDS, STEPS[::-1].tolist())


def test_no_kind_of_array_is_compiled_for_anew(midstates):
    fixed = STEPS.copy()
    fixed.flags.writeable = False
    for steps in (fixed, np.repeat(STEPS, 2)[::2], STEPS.astype(">u8"), np.array([1, 2, 3], np.int16), 5):
        codes(midstates, steps)
    assert len(kernel.hotp_sha1.signatures) == 1


def test_steps_handed_in_stay_as_they_are(midstates):
    steps = STEPS.copy()
    codes(midstates, steps)
    assert (steps == STEPS).all()


@pytest.mark.parametrize(
    "step", [0, 2**63, 2**64 - 1, np.uint64(2**64 - 1), np.int8(3), np.array(9), np.array([9])]
)
def test_one_step_is_for_all_seeds(midstates, step):
    assert codes(midstates, step).tolist() == shown(SEEDS, [int(np.ravel(step)[0])] * 3)


def test_one_seed_is_for_all_steps():
    steps = np.arange(CHUNK + 3, dtype=np.uint64)
    run = codes(prepare([b"seed"]), steps)
    assert run.shape == steps.shape
    picked = [0, 1, CHUNK - 1, CHUNK, CHUNK + 2]
    assert run[picked].tolist() == shown([b"seed"] * 5, picked)


def test_nothing_gives_nothing(midstates):
    none = prepare([])
    assert codes(none, np.array([], np.uint64)).shape == (0,)
    assert codes(none, 5).shape == (0,)
    assert codes(prepare([b"seed"]), np.array([], np.int64)).shape == (0,)
    assert window_matches(none, 5, 0, 1, 2).shape == (0, 4)


@pytest.mark.parametrize("steps", [-1, 2**64, np.array([0, 1, -1]), np.array([-128, 0, 0], np.int8)])
def test_step_that_is_no_counter_is_refused(midstates, steps):
    with pytest.raises(CounterRangeError) as caught:
        codes(midstates, steps)
    assert caught.value.counter in {-1, 2**64, -128}
    with pytest.raises(CounterRangeError):
        window_matches(midstates, steps, 0, 1, 1)


@pytest.mark.parametrize(
    "steps",
    [
        np.array([1.0, 2.0, 3.0]),
        np.array([True, False, True]),
        np.array([1, 2, 3], object),
        np.array(["1", "2", "3"]),
        np.array([[1], [2], [3]]),
        np.array([1, 2]),
        np.array([], np.uint64),
        [1, 2, 3],
        1.0,
        "1",
        None,
    ],
    ids=repr,
)
def test_steps_of_another_kind_or_shape_are_refused(midstates, steps):
    with pytest.raises(InvalidParametersError) as caught:
        codes(midstates, steps)
    assert caught.value.field == "steps"


@pytest.mark.parametrize("digits", [5, 11, 0, -6, "6", 6.0, None])
def test_digits_out_of_range_are_refused(midstates, digits):
    for attempt in (
        lambda: codes(midstates, STEPS, digits),
        lambda: window_matches(midstates, STEPS, 0, 1, 1, digits=digits),
    ):
        with pytest.raises(InvalidParametersError) as caught:
            attempt()
        assert caught.value.field == "digits"


@pytest.mark.parametrize("parallel", [False, True])
def test_memory_does_not_grow_with_the_batch(parallel):
    count = 40 * CHUNK
    midstates = prepare(np.ones((count, 20), np.uint8))
    steps = np.arange(count)
    codes(midstates, 1)
    tracemalloc.start()
    codes(midstates, steps, parallel=parallel)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * count + 64 * CHUNK


def test_progress_is_told_chunk_by_chunk():
    told = []
    codes(prepare([b"seed"]), np.arange(2 * CHUNK + 5), advance=told.append)
    assert told == [CHUNK, CHUNK, 5]


# --- window_matches ---


def test_code_fits_its_own_step_only(midstates):
    steps = np.array([100, 200, 300])
    given_codes = codes(midstates, steps + np.array([-2, 0, 1]))
    fits = window_matches(midstates, steps, given_codes, 3, 1)
    assert fits.dtype == np.bool_
    assert fits.tolist() == [row(3, 1, -2), row(3, 1, 0), row(3, 1, 1)]


def test_code_just_outside_the_window_fits_nowhere(midstates):
    steps = np.array([100, 200, 300])
    for offset in (-3, 2):
        assert not window_matches(midstates, steps, codes(midstates, steps + offset), 2, 1).any()


@pytest.mark.parametrize("algorithm", Algorithm)
def test_windows_agree_with_a_plain_search(algorithm, soak_rounds):
    parameters = Parameters(algorithm)
    draws = np.random.default_rng(3)
    for _ in range(soak_rounds(5, 500)):
        behind, ahead = (int(reach) for reach in draws.integers(0, 5, 2))
        seeds = [draws.bytes(20) for _ in range(20)]
        steps = draws.integers(0, 2**64, 20, np.uint64, endpoint=False)
        steps[:4] = [0, 1, 2**64 - 1, 2**64 - 3]
        windows = [range(int(step) - behind, int(step) + ahead + 1) for step in steps]
        plain = [
            [hotp(seed, step, parameters) if 0 <= step < 2**64 else "" for step in window]
            for seed, window in zip(seeds, windows, strict=True)
        ]
        typed = [next(code for code in draws.permutation(codes_there) if code) for codes_there in plain]
        fits = window_matches(prepare(seeds, algorithm), steps, np.array(typed, int), behind, ahead)
        assert fits.tolist() == [
            [code == wanted for code in window] for window, wanted in zip(plain, typed, strict=True)
        ]


def test_window_stops_where_counters_do():
    seed = prepare([b"seed"])
    last = 2**64 - 1
    at_zero, at_last = int(hotp(b"seed", 0)), int(hotp(b"seed", last))
    assert window_matches(seed, 0, at_zero, 2, 2).tolist() == [row(2, 2, 0)]
    assert window_matches(seed, last, at_last, 2, 2).tolist() == [row(2, 2, 0)]
    assert not window_matches(seed, 1, at_last, 2, 0).any(), "the step before 0 is not the last one"
    assert not window_matches(seed, last - 1, at_zero, 0, 2).any()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3))
def test_number_that_is_no_code_fits_nowhere(numbers):
    midstates = prepare(SEEDS)
    fits = window_matches(midstates, STEPS, np.array(numbers), 0, 0)
    assert fits[:, 0].tolist() == [
        number == code for number, code in zip(numbers, shown(SEEDS, STEPS.tolist()), strict=True)
    ]


@pytest.mark.parametrize("beyond", [-(2**32), 2**32, 2**63, 2**64])
def test_code_that_only_wraps_round_to_one_fits_nowhere(beyond):
    seed = prepare([b"seed"])
    number = int(hotp(b"seed", 5)) + beyond
    assert not window_matches(seed, 5, number, 0, 0).any()
    if -(2**63) <= number < 2**63:
        assert not window_matches(seed, 5, np.array([number]), 0, 0).any()


def test_all_ten_digits_are_compared():
    seed, ten = prepare([b"seed"]), Parameters(digits=10)
    step = next(step for step in range(100) if int(hotp(b"seed", step, ten)) >= 10**9)
    number = int(hotp(b"seed", step, ten))
    assert window_matches(seed, step, number, 0, 0, digits=10).all()
    assert not window_matches(seed, step, number % 10**9, 0, 0, digits=10).any()
    assert not window_matches(seed, step, number + 2**32, 0, 0, digits=10).any()


def test_one_seed_has_windows_round_many_steps():
    seed, steps = prepare([b"seed"]), np.arange(1, CHUNK + 40)
    fits = window_matches(seed, steps, codes(seed, steps - 1), 1, 0)
    assert fits[:, 0].all()
    assert fits[:, 1].sum() < 10, "neighbours share a code only by chance"


def test_windows_of_many_seeds_are_the_same_on_all_cores():
    count = 3 * CHUNK + 5
    midstates = prepare(np.random.default_rng(1).integers(0, 256, (count, 20), np.uint8))
    steps = np.arange(count)
    typed = codes(midstates, steps + 1)
    alone = window_matches(midstates, steps, typed, 1, 1)
    assert (alone == window_matches(midstates, steps, typed, 1, 1, parallel=True)).all()
    assert alone[:, 2].all()


@pytest.mark.parametrize(
    ("behind", "ahead", "field"), [(-1, 0, "behind"), (0, -1, "ahead"), (0, 1.5, "ahead")]
)
def test_reach_that_is_no_number_of_steps_is_refused(midstates, behind, ahead, field):
    with pytest.raises(InvalidParametersError) as caught:
        window_matches(midstates, STEPS, 0, behind, ahead)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "wrong", [np.array([1.0] * 3), np.array([1, 2]), "755224", None, [1, 2, 3]], ids=repr
)
def test_codes_of_another_kind_or_shape_are_refused(midstates, wrong):
    with pytest.raises(InvalidParametersError) as caught:
        window_matches(midstates, STEPS, wrong, 1, 1)
    assert caught.value.field == "codes"
