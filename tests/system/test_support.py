"""Support records, over the wire."""

import json

import pytest

from support_samples import written_report_of


def assert_problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:keyfob:problem:{code}"


@pytest.fixture
def serial(verifier):
    return verifier.enrol(account="alice")["token"]["serial"]


@pytest.fixture
def add(verifier, serial):
    """Asks for a support record on the token."""
    return lambda report=None, **more: verifier.http.post(
        f"/v1/tokens/{serial}/support-records", json={"report": report or written_report_of(serial)} | more
    )


def test_record_from_open_to_resolved(verifier, serial, add):
    response = add(note="dark")
    assert response.status_code == 201
    opened = response.json()
    assert (opened["serial"], opened["state"]) == (serial, "open")
    assert [failure["code"] for failure in opened["failures"]] == ["E30", "E40"]
    assert opened["failures"][0].keys() == {"code", "meaning", "remedy"}
    assert opened["report"] == written_report_of(serial)
    path = f"/v1/support-records/{opened['id']}"
    assert verifier.http.get(path).json() == opened
    for state in ("in-progress", "resolved"):
        moved = verifier.http.patch(path, json={"state": state, "note": f"now {state}"}).json()
        assert moved["state"] == state
    assert [(change["state"], change["note"]) for change in moved["changes"]] == [
        ("open", "dark"),
        ("in-progress", "now in-progress"),
        ("resolved", "now resolved"),
    ]
    entries = verifier.http.get("/v1/audit", params={"serial": serial}).json()
    assert {change["actor"] for change in moved["changes"]} == {entries[0]["actor"]}
    assert [(entry["action"], entry["outcome"]) for entry in entries[:3]] == [
        ("support-update", "resolved"),
        ("support-update", "in-progress"),
        ("support-add", "open"),
    ]


def test_lists_are_by_token_and_by_state(verifier, serial, add):
    first, second, third = (add().json()["id"] for _ in range(3))
    verifier.http.patch(f"/v1/support-records/{second}", json={"state": "in-progress"})

    def listed(path, **params):
        return [record["id"] for record in verifier.http.get(path, params=params).json()]

    of_token = f"/v1/tokens/{serial}/support-records"
    assert listed(of_token) == [first, second, third]
    assert listed(of_token, state="open") == [first, third]
    assert listed(of_token, after=first, limit=1) == [second]
    everywhere = listed("/v1/support-records", state="in-progress", after=first - 1)
    assert everywhere == [second]
    assert listed("/v1/support-records", after=first - 1) == [first, second, third]


def test_requests_that_cannot_be_met_are_clear_problems(verifier, serial, add):
    assert_problem(add(written_report_of("KF-OTHER")), 422, "report-serial")
    assert_problem(add({"format": "something else"}), 422, "invalid-report")
    assert_problem(add(written_report_of(serial) | {"seed": "x"}), 422, "invalid-report")
    assert_problem(add(note="two\nlines"), 422, "invalid-parameters")
    assert_problem(add(note="x" * 501), 422, "invalid-request")
    assert_problem(add(unheard_of=1), 422, "invalid-request")
    assert_problem(add(note="x" * 20_000), 413, "too-large")
    record_id = add().json()["id"]
    path = f"/v1/support-records/{record_id}"
    assert_problem(verifier.http.patch(path, json={"state": "resolved"}), 409, "support-state")
    assert_problem(verifier.http.patch(path, json={"state": "lost"}), 422, "invalid-request")
    assert_problem(verifier.http.get(f"/v1/support-records/{record_id + 1}"), 404, "support-record-not-found")
    assert_problem(verifier.http.get(f"/v1/support-records/{2**63}"), 422, "invalid-request")
    assert_problem(verifier.http.get("/v1/support-records", params={"state": "lost"}), 422, "invalid-request")
    assert_problem(verifier.http.get("/v1/tokens/NOBODY/support-records"), 404, "token-not-found")


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN", "[" * 500 + "]" * 500, "1" * 400])
def test_report_that_no_fob_writes_is_no_fault(verifier, serial, value):
    report = json.dumps(written_report_of(serial)).replace('"1.0.0"', value)
    response = verifier.http.post(
        f"/v1/tokens/{serial}/support-records",
        content=f'{{"report": {report}}}',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 422, response.text


def test_support_records_need_an_api_key(verifier, serial):
    paths = ("/v1/support-records", "/v1/support-records/1", f"/v1/tokens/{serial}/support-records")
    for path in paths:
        response = verifier.http.get(path, headers={"Authorization": "Bearer kf_none"})
        assert_problem(response, 401, "unauthorized")
