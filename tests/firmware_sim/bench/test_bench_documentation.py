"""What docs/bench.md says is what the bench has."""

import re
from pathlib import Path

import pytest

from keyfob.temperature_profiles import PROFILES
from keyfob_firmware.faults import FAULTS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "bench.md").read_text()


@pytest.fixture(scope="module")
def description(bench):
    return bench.http.get(f"{bench.url}/openapi.json").json()


def test_every_route_is_described_and_no_other(description):
    described = set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE, re.MULTILINE))
    assert described == {
        f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item
    }


def test_every_field_is_described(description):
    for name, schema in description["components"]["schemas"].items():
        if name not in {"HTTPValidationError", "ValidationError"}:
            for field in schema.get("properties", {}):
                assert re.search(rf"[`\"]{field}[`\"]", PAGE), (name, field)


def test_every_fault_and_temperature_has_its_name():
    assert set(FAULTS) | set(PROFILES) <= set(re.findall(r"`([a-z-]+)`", PAGE))


def test_examples_with_curl_name_routes_that_exist(description):
    calls = re.findall(r"curl -X ([A-Z]+) localhost:8200(/\S+)", PAGE)
    patterns = {
        (method.upper(), re.sub(r"{\w+}", r"[^/]+", path))
        for path, item in description["paths"].items()
        for method in item
    }
    assert len(calls) == 9
    for method, path in calls:
        assert any(method == known and re.fullmatch(pattern, path) for known, pattern in patterns), path
