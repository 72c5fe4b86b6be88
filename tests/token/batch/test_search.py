from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, hotp
from keyfob.batch import find_steps, search
from keyfob.batch.chunks import CHUNK
from keyfob.batch.hotp import write_codes
from keyfob.errors import CounterRangeError, InvalidParametersError, InvalidSeedError, MalformedCodeError

SEED = bytes(range(100, 120))
LAST = 2**64 - 1


def find_plainly(seed, code, first, last, parameters):
    return [step for step in range(first, last + 1) if hotp(seed, step, parameters) == code]


@given(
    st.binary(min_size=1, max_size=200),
    st.integers(0, LAST),
    st.integers(0, 60),
    st.integers(0, 60),
    st.builds(Parameters, st.sampled_from(Algorithm), st.integers(6, 10)),
)
def test_finds_what_a_plain_search_finds(seed, step, behind, ahead, parameters):
    first, last = max(step - behind, 0), min(step + ahead, LAST)
    code = hotp(seed, step, parameters)
    assert find_steps(seed, code, first, last, parameters) == find_plainly(
        seed, code, first, last, parameters
    )


def test_every_step_that_shows_the_code_is_found_in_order():
    first, last = 10**9, 10**9 + 3 * CHUNK
    shown = [hotp(SEED, step) for step in range(first, last + 1)]
    code, _ = Counter(shown).most_common(1)[0]
    expected = [first + place for place, other in enumerate(shown) if other == code]
    assert len(expected) > 1
    assert find_steps(SEED, code, first, last) == expected
    assert find_steps(SEED, code, first, last, parallel=True) == expected


def test_both_ends_belong_to_the_range():
    code = hotp(SEED, 500)
    assert find_steps(SEED, code, 500, 500) == [500]
    assert find_steps(SEED, code, 400, 500) == [500]
    assert find_steps(SEED, code, 500, 600) == [500]
    assert find_steps(SEED, code, 400, 499) == []
    assert find_steps(SEED, code, 501, 600) == []


@pytest.mark.parametrize("step", [0, LAST])
def test_first_and_last_counter_are_found(step):
    assert step in find_steps(SEED, hotp(SEED, step), max(step - 9, 0), min(step + 9, LAST))


def test_range_that_ends_before_it_begins_holds_nothing():
    assert find_steps(SEED, hotp(SEED, 5), 6, 4) == []


def test_code_is_read_as_people_type_it():
    code = hotp(bytearray(SEED), 42)
    assert find_steps(bytearray(SEED), f" {code[:3]} {code[3:]}", 0, 99) == [42]


def test_code_of_ten_digits_that_holds_more_than_31_bits_is_nowhere():
    parameters = Parameters(digits=10)
    low = int(hotp(SEED, 5, parameters))
    assert find_steps(SEED, f"{low + 2**32:010}", 0, 9, parameters) == []


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (0, 2**64), (2**64, 2**64 + 1), (-5, -1)])
def test_range_beyond_the_counters_is_refused(first, last):
    with pytest.raises(CounterRangeError):
        find_steps(SEED, "123456", first, last)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345x", "١٢٣٤٥٦"])
def test_malformed_code_is_refused(code):
    with pytest.raises(MalformedCodeError):
        find_steps(SEED, code, 0, 9)


def test_empty_seed_is_refused():
    with pytest.raises(InvalidSeedError):
        find_steps(b"", "123456", 0, 9)


def test_seed_of_another_kind_is_refused_and_not_repeated(assert_silent):
    with pytest.raises(InvalidParametersError) as caught:
        find_steps(SEED.decode(), "123456", 0, 9)
    assert_silent(str(caught.value), SEED)


@pytest.mark.parametrize("count", [1, 9, CHUNK + 1])
def test_no_state_outlives_the_search(monkeypatch, count):
    seen = []

    def spied(algorithm, words, *rest, **named):
        assert words.any()
        seen.append(words)
        write_codes(algorithm, words, *rest, **named)

    monkeypatch.setattr(search, "write_codes", spied)
    find_steps(SEED, "123456", 0, count - 1)
    assert seen
    assert not any(words.any() for words in seen)


def test_progress_adds_up_to_the_range():
    told = []
    find_steps(SEED, "123456", 1, 2 * CHUNK + 7, advance=told.append)
    assert told == [CHUNK, CHUNK, 7]
