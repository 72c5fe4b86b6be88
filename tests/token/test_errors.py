import copy
import pickle

import pytest

from keyfob import errors

EVERY_ERROR = [
    errors.InvalidParametersError("digits", 5, "a whole number from 6 to 10"),
    errors.CounterRangeError(-1),
    errors.MalformedCodeError(6),
    errors.InvalidSeedError("it is empty"),
    errors.UnsealError(),
    errors.InvalidUriError("it has no secret"),
    errors.CounterBasedUriError(),
    errors.AddressInUseError("127.0.0.1", 80, "Permission denied"),
    errors.InvalidOcraSuiteError("OCRA-2", "it must look like another"),
    errors.OcraInputError("counter", "is missing, and this suite needs it"),
    errors.MalformedQuestionError(8, "numeric"),
    errors.UnknownTemperatureProfileError("moon", ("desk", "room")),
    errors.InvalidTemperatureCurveError(3, "names no time"),
    errors.QrCapacityError(3000, 2953),
    errors.UnreadableQrError("the image holds none"),
    errors.MissingExtraError("server", "fastapi"),
]


def defined_errors(root=errors.KeyfobError):
    return {root}.union(
        *(defined_errors(kind) for kind in root.__subclasses__() if kind.__module__ == errors.__name__)
    )


def test_the_list_here_is_complete():
    assert {type(error) for error in EVERY_ERROR} == defined_errors() - {errors.KeyfobError}


def test_each_error_has_a_code_of_its_own():
    assert len({kind.code for kind in defined_errors()}) == len(defined_errors())


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.code)
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_an_error_crosses_a_process_boundary_unchanged(error, duplicate):
    twin = duplicate(error)
    assert type(twin) is type(error)
    assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))
