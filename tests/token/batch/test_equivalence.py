"""The kernel against `hmac.digest`, through `keyfob.hotp`, for every hash, key length, counter and number of digits."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, hotp
from keyfob.batch import codes, prepare
from keyfob.batch.chunks import CHUNK

VECTORS = Path(__file__).parents[2] / "vectors"
RFC4226 = json.loads((VECTORS / "rfc4226_appendix_d.json").read_text(encoding="utf-8"))
RFC6238 = json.loads((VECTORS / "rfc6238_appendix_b.json").read_text(encoding="utf-8"))

pairs = st.tuples(st.binary(min_size=1, max_size=200), st.integers(0, 2**64 - 1))
algorithms = st.sampled_from(Algorithm)
all_digits = st.integers(6, 10)


def one_by_one(seeds, steps, parameters):
    return [int(hotp(seed, int(step), parameters)) for seed, step in zip(seeds, steps, strict=True)]


@given(st.lists(pairs, min_size=1, max_size=40), algorithms, all_digits)
def test_codes_are_those_of_hmac_digest(seeds_and_steps, algorithm, digits):
    seeds, steps = map(list, zip(*seeds_and_steps, strict=True))
    shown = codes(prepare(seeds, algorithm), np.array(steps, np.uint64), digits)
    assert shown.tolist() == one_by_one(seeds, steps, Parameters(algorithm, digits))


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("length", [1, 3, 8, 20, 63, 64, 65, 127, 128, 129, 200])
def test_packed_keys_give_the_codes_of_listed_ones(algorithm, length):
    packed = np.random.default_rng(length).integers(0, 256, (37, length), np.uint8)
    listed = [row.tobytes() for row in packed]
    shown = codes(prepare(packed, algorithm), 7, 10)
    assert shown.tolist() == one_by_one(listed, [7] * 37, Parameters(algorithm, 10))
    assert codes(prepare(listed, algorithm), 7, 10).tolist() == shown.tolist()


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("count", [*range(1, 35), CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 17])
def test_no_pair_is_lost_where_lanes_and_chunks_end(algorithm, count):
    draws = np.random.default_rng(count)
    packed, steps = draws.integers(0, 256, (count, 20), np.uint8), draws.integers(0, 2**64, count, np.uint64)
    shown = codes(prepare(packed, algorithm), steps, 8)
    assert shown.shape == (count,)
    picked = sorted({0, count // 2, *range(max(count - 40, 0), count)})
    expected = one_by_one([packed[i].tobytes() for i in picked], steps[picked], Parameters(algorithm, 8))
    assert shown[picked].tolist() == expected


@pytest.mark.parametrize("algorithm", Algorithm)
def test_all_cores_give_what_one_core_gives(algorithm):
    count = 9 * CHUNK + 5
    draws = np.random.default_rng(9)
    packed, steps = draws.integers(0, 256, (count, 20), np.uint8), draws.integers(0, 2**64, count, np.uint64)
    alone, together = prepare(packed, algorithm), prepare(packed, algorithm, parallel=True)
    assert (alone.reveal() == together.reveal()).all()
    assert (codes(alone, steps) == codes(together, steps, parallel=True)).all()


def test_rfc_4226_appendix_d():
    midstates = prepare([bytes.fromhex(RFC4226["secret_hex"])])
    rows = RFC4226["rows"]
    counts = np.array([row["count"] for row in rows])
    assert codes(midstates, counts).tolist() == [int(row["hotp"]) for row in rows]
    assert codes(midstates, counts, 10).tolist() == [int(row["truncated_decimal"]) for row in rows]


@pytest.mark.parametrize("algorithm", Algorithm)
def test_rfc_6238_appendix_b(algorithm):
    midstates = prepare([bytes.fromhex(RFC6238["secrets_hex"][algorithm.name])], algorithm)
    rows = [row for row in RFC6238["rows"] if row["mode"] == algorithm.name]
    steps = np.array([int(row["t_hex"], 16) for row in rows])
    assert codes(midstates, steps, RFC6238["digits"]).tolist() == [int(row["totp"]) for row in rows]
    assert len(rows) == 6
