"""The interface does what its own description says, whatever is sent: Schemathesis, with a key and without one."""

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess
from keyfob_verifier.api import handed_time
from keyfob_verifier.api.app import add_routes
from keyfob_verifier.api.description import description_of
from keyfob_verifier.api.permission_table import PUBLIC

START = 1_800_000_000.0
EVERYDAY_EXAMPLES = 7

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def described():
    """What the verifier says of itself, with a test clock's routes, without any installation."""
    app = FastAPI(title="keyfob verifier", openapi_url=None, docs_url=None, redoc_url=None)
    add_routes(app)
    app.include_router(handed_time.router)
    return description_of(app)


def without_security(document):
    """So that the tests say who has a key: Schemathesis leaves it out as it likes where it knows of one."""
    for item in document["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
    return document


schema = schemathesis.openapi.from_dict(without_security(described()))


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    with VerifierProcess(Installation(tmp_path_factory.mktemp("openapi")), START) as process:
        yield process


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        yield session


def everyday(test):
    limits = settings(
        max_examples=EVERYDAY_EXAMPLES,
        phases=(Phase.generate,),  # Schemathesis's own examples would take a minute
        suppress_health_check=list(HealthCheck),
    )
    return limits(test)


@schema.parametrize()
@everyday
def test_answers_to_an_administrator_are_as_described(case, verifier, session):
    case.headers["Authorization"] = verifier.http.headers["authorization"]
    answer = case.call_and_validate(base_url=verifier.url, session=session, checks=CHECKS)
    assert answer.status_code not in {401, 403} or f"{case.method} {case.path}" in PUBLIC


@schema.parametrize()
@everyday
def test_nobody_gets_more_than_a_problem(case, verifier, session):
    route = f"{case.method} {case.path}"
    case.headers.pop("Authorization", None)
    answer = case.call(base_url=verifier.url, session=session)
    case.validate_response(answer, checks=CHECKS)
    if route not in PUBLIC:
        assert answer.status_code >= 400
    session.cookies.clear()


def test_description_that_is_served_is_the_one_that_was_tested(verifier):
    assert verifier.http.get("/openapi.json").json()["paths"] == described()["paths"]
