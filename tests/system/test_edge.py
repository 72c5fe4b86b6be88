"""The edge of a real verifier: TLS, proxies, limits, and what comes off the wire."""

import shutil
import socket
import ssl

import httpx
import pytest

from keyfob_verifier.api.protocol import MAX_HEAD_BYTES
from served import Served
from tls_samples import write_certificate, write_key

CLIENT = "203.0.113.5"


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory):
    """A verifier that takes this very test for a trusted proxy, and lets an address ask ten times a second."""
    with Served(
        tmp_path_factory.mktemp("proxied"), "--trusted-proxy", "127.0.0.1", "--rate-limit", "10"
    ) as served:
        yield served


def address_of(served):
    host, port = served.url.partition("//")[2].split(":")
    return host, int(port)


def test_tls_is_spoken_and_nothing_older_than_1_2(tmp_path):
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    write_certificate(certificate, write_key(key))
    trusting = ssl.create_default_context(cafile=certificate)
    options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with Served(tmp_path, *options, verify=trusting) as served:
        assert served.url.startswith("https://")
        answer = served.http.get("/v1/tokens")
        assert answer.status_code == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        bound = served.keyfob("api-key", "create", "bound", "--address", CLIENT)["api_key"]
        pretending = {"Authorization": f"Bearer {bound}", "X-Forwarded-For": CLIENT}
        assert served.http.get("/v1/tokens", headers=pretending).status_code == 401, "nobody is trusted here"
        with socket.create_connection(address_of(served)) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"ok" not in plain.recv(1024)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(certificate)
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            socket.create_connection(address_of(served)) as connection,
            pytest.raises(OSError, match=r"EOF|ALERT|PROTOCOL|reset"),
        ):
            old.wrap_socket(connection, server_hostname="127.0.0.1")


def test_limits_are_held_against_the_address_that_the_proxy_names(behind_proxy):
    def ask(address):
        return behind_proxy.http.get("/healthz", headers={"X-Forwarded-For": address})

    answers = [ask(CLIENT) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["type"] == "urn:keyfob:problem:too-many-requests"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert ask("203.0.113.6").status_code == 200
    assert {behind_proxy.http.get("/healthz").status_code for _ in range(40)} == {200}


def test_wrong_keys_are_soon_not_looked_at(behind_proxy):
    def ask(api_key):
        headers = {"Authorization": f"Bearer {api_key}", "X-Forwarded-For": "203.0.113.99"}
        return httpx.get(f"{behind_proxy.url}/v1/tokens", headers=headers).status_code

    with_wrong = [ask(f"kf_{number:012x}_{'0' * 64}") for number in range(25)]
    assert with_wrong[:15] == [401] * 15
    assert with_wrong[-1] == 429


def test_endless_head_is_cut_off(behind_proxy):
    line = b"x: " + b"y" * 1000 + b"\r\n"

    def send_endlessly(connection):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        for _ in range(64 * MAX_HEAD_BYTES // len(line)):
            connection.sendall(line)

    with (
        socket.create_connection(address_of(behind_proxy), timeout=10) as connection,
        pytest.raises(ConnectionError),
    ):
        send_endlessly(connection)
    assert behind_proxy.http.get("/healthz").text == "ok\n"


def test_requests_one_after_the_other_may_have_heads_of_any_number(behind_proxy):
    """The bound is each request's, not the connection's."""
    with socket.create_connection(address_of(behind_proxy), timeout=10) as connection:
        for _ in range(3 * MAX_HEAD_BYTES // 8000):
            head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nx: " + b"y" * 8000
            connection.sendall(head[:4000])
            connection.sendall(head[4000:] + b"\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                received = connection.recv(4096)
                assert received, answer
                answer += received


def test_tenant_that_is_made_meanwhile_is_served_at_once(behind_proxy):
    made = behind_proxy.keyfob("tenant", "create", "acme")
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    enrolled = behind_proxy.http.post("/v1/tokens", json={"account": "alice"}, headers=headers)
    assert enrolled.status_code == 201
    assert behind_proxy.http.get("/v1/tokens").json() == []


def test_description_runs_under_its_policy(behind_proxy):
    """In a real browser, which says what the policy forbade."""
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=False
            )
        except api.Error as error:
            pytest.skip(f"there is no Chromium here: {str(error).splitlines()[0]}")
        troubles = []
        page = browser.new_page(http_credentials={"username": "me", "password": behind_proxy.api_key})
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{behind_proxy.url}/docs")
        api.expect(page.locator(".info .title")).to_contain_text("keyfob verifier")
        page.locator("#operations-tokens-enrol_v1_tokens_post").click()
        browser.close()
    assert troubles == []
