"""The HTTP interface, asked over the wire."""

import base64
import re
import socket

import httpx
import pytest

from keyfob.qr import read_qr
from keyfob.quantities import DAY_S
from keyfob.uri import parse_uri


def assert_problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"urn:keyfob:problem:{code}"
    assert body["status"] == status
    assert {"title", "detail"} <= body.keys()
    return body["detail"]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_enrolment_answers_a_uri_and_its_qr_code(verifier, kind):
    response = verifier.http.post("/v1/tokens", json={"account": "alice", "issuer": "Bank", "qr": kind})
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    enrolled = response.json()
    told = parse_uri(enrolled["uri"])
    assert (told.account, told.issuer) == ("alice", "Bank")
    head, _, image = enrolled["qr"]["data_uri"].partition(",")
    assert head == f"data:{enrolled['qr']['media_type']};base64"
    content = base64.b64decode(image)
    if kind == "png":
        assert read_qr(content) == enrolled["uri"]
    else:
        assert content.lstrip().startswith((b"<?xml", b"<svg"))
    assert enrolled["token"]["status"] == "pending"


def test_seed_is_told_once(verifier):
    enrolled = verifier.enrol(account="alice", serial="S-1")
    secret = re.search("secret=([A-Z2-7]+)", enrolled["uri"])[1]
    for path in ("/v1/tokens/S-1", "/v1/tokens", "/v1/audit", "/metrics"):
        assert secret not in verifier.http.get(path).text


def test_code_is_accepted_once(verifier, fob):
    code = fob.press().code
    assert verifier.validate(fob.serial, code) == "accepted"
    assert verifier.validate(fob.serial, code) == "refused"


def test_refusals_look_alike(verifier, fob):
    """Wrong, replayed, unknown, pending: the answer is the same, the reason is in the record."""
    used = fob.press().code
    verifier.validate(fob.serial, used)
    verifier.enrol(account="bob", serial="P-1")
    wanted = {"name": "portal", "role": "validator"}
    portal = verifier.http.post("/v1/api-keys", json=wanted).json()["api_key"]
    headers = {"Authorization": f"Bearer {portal}"}
    bodies = [
        verifier.http.post("/v1/validate", json={"serial": serial, "code": code}, headers=headers)
        for serial, code in ((fob.serial, used), ("NOBODY", "123456"), ("P-1", "123456"))
    ]
    assert len({body.text for body in bodies}) == 1
    assert bodies[0].json() | {"reason": None} == {"answer": "refused", "reason": None}
    reasons = [entry["outcome"] for entry in verifier.http.get("/v1/audit", params={"limit": 3}).json()]
    assert reasons == ["not-active", "unknown-token", "replayed"]


def test_throttled_attempt_is_told_when_to_come_back(verifier, fob):
    assert verifier.validate(fob.serial, fob.wrong_code()) == "refused"
    response = verifier.http.post("/v1/validate", json={"serial": fob.serial, "code": fob.press().code})
    assert_problem(response, 429, "retry-later")
    assert int(response.headers["retry-after"]) == 1


def test_resync_over_http(verifier, fob, truth):
    truth.advance(seconds=200 * DAY_S)
    first = fob.press()
    truth.advance(seconds=first.changes_in_s + 1)
    second = fob.press()
    assert verifier.resync(fob.serial, first.code, second.code) == "accepted"
    assert verifier.validate(fob.serial, second.code) == "refused"


def test_token_shows_drift_with_its_uncertainty(verifier, fob):
    verifier.validate(fob.serial, fob.press().code)
    shown = verifier.token(fob.serial)
    assert shown["status"] == "active"
    assert shown["drift"].keys() == {"offset_s", "offset_sd_s", "rate_ppm", "rate_sd_ppm"}
    assert abs(shown["drift"]["offset_s"]) < 4 * shown["drift"]["offset_sd_s"]


def test_revoked_token_is_refused_at_once(verifier, fob):
    response = verifier.http.post(f"/v1/tokens/{fob.serial}/revoke")
    assert response.json()["status"] == "revoked"
    assert verifier.validate(fob.serial, fob.press().code) == "refused"


@pytest.mark.parametrize(
    "code", ["", "12345", "12345678901", "１２３４５６", "12345x", "-12345", "12 34 5", "9" * 64]
)
def test_malformed_code_is_a_clear_problem(verifier, fob, code):
    response = verifier.http.post("/v1/validate", json={"serial": fob.serial, "code": code})
    assert "6 to 10 digits" in assert_problem(response, 422, "malformed-code")
    if code:
        assert code not in response.text


def test_code_with_a_space_is_accepted(verifier, fob):
    code = fob.press().code
    assert verifier.validate(fob.serial, f"{code[:3]} {code[3:]}") == "accepted"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid-request"),
        ({"account": ""}, "invalid-request"),
        ({"account": "a", "unheard_of": 1}, "invalid-request"),
        ({"account": "a", "digits": 5}, "invalid-request"),
        ({"account": "a", "digits": 11}, "invalid-request"),
        ({"account": "a", "time_step_s": 0}, "invalid-request"),
        ({"account": "a", "algorithm": "MD5"}, "invalid-request"),
        ({"account": "a", "serial": "a b"}, "invalid-request"),
        ({"account": "a", "grade_ppm": 0}, "invalid-request"),
        ({"account": "a", "seed": "A" * 3000}, "invalid-request"),
        ({"account": "a:b"}, "invalid-uri"),
        ({"account": "a", "seed": ""}, "invalid-seed"),
        ({"account": "a", "seed": "ME"}, "invalid-seed"),
        ({"account": "a", "seed": "not base32 at all 0189"}, "invalid-seed"),
    ],
)
def test_bad_enrolment_is_a_clear_problem_and_enrols_nothing(verifier, body, code):
    before = verifier.http.get("/v1/tokens").json()
    assert_problem(verifier.http.post("/v1/tokens", json=body), 422, code)
    assert verifier.http.get("/v1/tokens").json() == before


def test_error_does_not_repeat_a_seed(verifier):
    response = verifier.http.post(
        "/v1/tokens", json={"account": "a", "digits": 5, "seed": "JBSWY3DPEHPK3PXP"}
    )
    assert "JBSWY3DPEHPK3PXP" not in response.text


def test_body_that_is_too_large_is_refused(verifier):
    response = verifier.http.post("/v1/tokens", json={"account": "a", "seed": "A" * 2**20})
    assert_problem(response, 413, "too-large")
    chunks = (b"x" * 1024 for _ in range(64))
    headers = {"content-type": "application/json"}
    assert_problem(verifier.http.post("/v1/tokens", content=chunks, headers=headers), 413, "too-large")


def test_body_that_is_no_json_is_a_problem(verifier):
    headers = {"content-type": "application/json"}
    assert_problem(verifier.http.post("/v1/validate", content=b"{", headers=headers), 422, "invalid-request")


def test_what_is_missing_or_taken_is_named(verifier, fob):
    assert_problem(verifier.http.get("/v1/tokens/NOBODY"), 404, "token-not-found")
    assert_problem(
        verifier.http.post("/v1/tokens", json={"account": "b", "serial": fob.serial}), 409, "serial-taken"
    )
    assert_problem(
        verifier.http.post(f"/v1/tokens/{fob.serial}/activate", json={"code": "123456"}), 409, "token-status"
    )
    assert_problem(verifier.http.get("/v1/nothing"), 404, "not-found")
    assert_problem(verifier.http.delete(f"/v1/tokens/{fob.serial}"), 405, "method-not-allowed")


def test_every_route_but_health_needs_a_key(verifier):
    """Walks the interface's own description; a route that is added without a guard fails here."""
    paths = verifier.http.get("/openapi.json").json()["paths"]
    assert len(paths) > 8
    routes = [(method, path) for path, methods in paths.items() for method in methods]
    open_routes = []
    with httpx.Client(base_url=verifier.url) as stranger:
        for method, path in [
            *routes,
            ("get", "/docs"),
            ("get", "/docs/swagger-ui.css"),
            ("get", "/openapi.json"),
        ]:
            for headers in ({}, {"Authorization": f"Bearer kf_{'0' * 12}_{'0' * 64}"}):
                response = stranger.request(method, path.replace("{serial}", "X"), headers=headers)
                if path == "/v1/session":
                    open_routes.append(path)
                elif response.status_code == 401:
                    assert_problem(response, 401, "unauthorized")
                    challenges = response.headers.get_list("www-authenticate")
                    assert [challenge.split()[0] for challenge in challenges] == ["Basic", "Bearer"]
                else:
                    open_routes.append(path)
    assert set(open_routes) == {"/healthz", "/readyz", "/v1/session"}


def test_browser_may_read_with_basic_and_not_write(verifier, installation):
    basic = httpx.BasicAuth("me", installation.api_key)
    with httpx.Client(base_url=verifier.url, auth=basic) as browser:
        assert browser.get("/docs").status_code == 200
        assert browser.post("/v1/tokens", json={"account": "a"}).status_code == 401


def test_description_is_drawn_from_this_machine_alone(verifier):
    """The page is given an API key, so it must not run anybody else's script."""
    page = verifier.http.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 4
    for asset in loaded:
        assert verifier.http.get(f"/{asset}").status_code == 200
    assert "//" not in re.sub("<!--.*?-->", "", page, flags=re.DOTALL).replace("http://127", "")
    assert verifier.http.get("/docs/other.js").status_code == 422
    assert "bearer" in str(verifier.http.get("/openapi.json").json()["components"]["securitySchemes"])


def test_metrics_count_reasons(verifier, fob, truth):
    def accepted():
        return float(
            re.search(r'attempts_total{reason="accepted"} (\S+)', verifier.http.get("/metrics").text)[1]
        )

    verifier.validate(fob.serial, fob.press().code)
    before = accepted()
    truth.advance(seconds=60)
    verifier.validate(fob.serial, fob.press().code)
    assert accepted() == before + 1


def test_pages_follow_each_other(verifier):
    for number in range(5):
        verifier.enrol(account="a", serial=f"T-{number}")
    first = verifier.http.get("/v1/tokens", params={"limit": 3, "after": "T"}).json()
    second = verifier.http.get("/v1/tokens", params={"limit": 2, "after": first[-1]["serial"]}).json()
    assert [token["serial"] for token in first + second] == [f"T-{number}" for number in range(5)]


def test_test_clock_never_goes_back(verifier, truth):
    response = verifier.http.put("/v1/test-clock", json={"now": truth.now() - 1})
    assert_problem(response, 409, "conflict")
    assert verifier.http.get("/v1/test-clock").json() == {"now": truth.now()}
    for absurd in ("NaN", 1e13, -1):
        assert verifier.http.put("/v1/test-clock", json={"now": absurd}).status_code == 422


def test_request_for_another_protocol_does_not_upset_it(verifier):
    host, port = verifier.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"\x16\x03\x01 not http at all\r\n\r\n")
        connection.recv(1024)
    assert httpx.get(f"{verifier.url}/healthz").text == "ok\n"
