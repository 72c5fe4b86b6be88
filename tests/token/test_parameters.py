import copy
import dataclasses
import hashlib
import pickle

import pytest

from keyfob import Algorithm, Parameters
from keyfob.errors import InvalidParametersError

LIMITS = {
    "digits": (6, 10),
    "time_step_s": (1, 2**31 - 1),
    "t0_s": (-(2**63), 2**63 - 1),
}


def test_defaults_are_those_of_rfc_6238():
    assert Parameters() == Parameters(Algorithm.SHA1, digits=6, time_step_s=30, t0_s=0)


@pytest.mark.parametrize("field", LIMITS)
def test_both_limits_are_allowed(field):
    for limit in LIMITS[field]:
        assert getattr(Parameters(**{field: limit}), field) == limit


@pytest.mark.parametrize("field", LIMITS)
def test_one_beyond_either_limit_is_refused(field):
    lowest, highest = LIMITS[field]
    for found in (lowest - 1, highest + 1):
        with pytest.raises(InvalidParametersError) as refusal:
            Parameters(**{field: found})
        assert (refusal.value.field, refusal.value.found) == (field, found)


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("found", [True, 6.0, "6", None, float("nan")])
def test_only_a_true_integer_is_a_number(field, found):
    with pytest.raises(InvalidParametersError) as refusal:
        Parameters(**{field: found})
    assert refusal.value.field == field


@pytest.mark.parametrize("found", ["SHA1", "sha1", None, hashlib.sha1])
def test_an_algorithm_is_not_given_by_name(found):
    with pytest.raises(InvalidParametersError) as refusal:
        Parameters(algorithm=found)
    assert refusal.value.field == "algorithm"


def test_an_integer_too_long_for_python_to_print_is_refused_like_any_other():
    with pytest.raises(InvalidParametersError) as refusal:
        Parameters(digits=10**5000)
    assert "16610 bits" in str(refusal.value)


def test_a_refusal_shows_a_long_value_only_in_part():
    with pytest.raises(InvalidParametersError) as refusal:
        Parameters(digits="6" * 2**20)
    assert len(str(refusal.value)) < 200


def test_parameters_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Parameters().digits = 8


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_algorithm_knows_its_hash(algorithm):
    assert hashlib.new(algorithm.hash_name).digest_size == algorithm.digest_bytes
    assert Algorithm(algorithm.value) is algorithm


def test_parameters_survive_pickle_and_copy():
    parameters = Parameters(Algorithm.SHA512, digits=8, time_step_s=60, t0_s=-1)
    assert pickle.loads(pickle.dumps(parameters)) == parameters == copy.deepcopy(parameters)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("spelled", ["SHA{}", "sha-{}", "HMACSHA{}", "HMAC-SHA-{}", "HmacSHA{}"])
def test_algorithm_is_known_by_the_names_that_writers_have_for_it(algorithm, spelled):
    assert Algorithm.named(spelled.format(algorithm.value.removeprefix("SHA"))) is algorithm


@pytest.mark.parametrize("text", ["", "MD5", "SHA", "SHA384", "SHA1 ", "SHA11", "ſHA1", "XSHA1"])
def test_other_algorithm_is_refused_by_name(text):
    with pytest.raises(InvalidParametersError, match="SHA1, SHA256 or SHA512") as caught:
        Algorithm.named(text)
    assert caught.value.field == "algorithm"
