"""What stands round every route."""

import asyncio
import time

import pytest

from asgi_clients import RunningApp
from keyfob_verifier.addresses import parse_networks
from keyfob_verifier.api.app import create_app
from keyfob_verifier.api.edge import MAX_BODY_BYTES, MAX_HEADER_BYTES, Edge, EdgeSettings
from keyfob_verifier.api.protocol import MAX_HEAD_BYTES

STRANGER = "203.0.113.5"
PROXY = "10.0.0.7"
ALWAYS = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Echo:
    """An application that answers with what it is told, or fails."""

    def __init__(self, headers=(), fails=False):
        self.headers, self.fails, self.scopes = list(headers), fails, []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        if self.fails:
            raise ValueError("secret")
        await send({"type": "http.response.body", "body": b"echo"})


def ask(app, *, address=STRANGER, headers=(), scheme="http", body=(b"",)):
    """The status and headers of one answer."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "scheme": scheme,
        "client": (address, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    sent, chunks = [], [{"type": "http.request", "body": chunk, "more_body": True} for chunk in body]
    chunks[-1]["more_body"] = False

    async def receive():
        return chunks.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def edge(app=None, monotonic=lambda: 0.0, **settings):
    return Edge(app or Echo(), EdgeSettings(**settings), monotonic)


def test_every_answer_says_what_browsers_may_do_with_it():
    _, headers = ask(edge())
    assert headers == ALWAYS | {"content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
    _, over_tls = ask(edge(), scheme="https")
    assert over_tls == headers | {"strict-transport-security": "max-age=31536000"}


def test_answer_keeps_what_it_says_itself():
    _, headers = ask(edge(Echo([(b"content-security-policy", b"default-src 'self'")])))
    assert headers["content-security-policy"] == "default-src 'self'"


def test_problems_faults_and_refusals_say_it_too(running, new_key, monkeypatch):
    def fail(*_, **__):
        raise ValueError("secret")

    monkeypatch.setattr("keyfob_verifier.api.tokens.inspection.page", fail)
    api_key = new_key().api_key
    answers = [
        running.ask("GET", "/v1/nothing"),
        running.ask("GET", "/v1/tokens"),
        running.ask("GET", "/v1/tokens", api_key=api_key),
        running.ask("POST", "/v1/tokens", api_key=api_key, content=b"x" * (MAX_BODY_BYTES + 1)),
        running.ask("DELETE", "/healthz"),
        running.ask("GET", "/healthz", headers={"x": "x" * MAX_HEADER_BYTES}),
    ]
    assert [answer.status_code for answer in answers] == [404, 401, 500, 413, 405, 431]
    for answer in answers:
        assert ALWAYS.items() <= dict(answer.headers).items()
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secret" not in answer.text


def test_fault_is_told_once_and_without_its_words(running, new_key, monkeypatch, capsys):
    def fail(*_, **__):
        raise ValueError("JBSWY3DPEHPK3PXP") from KeyError("123456")

    monkeypatch.setattr("keyfob_verifier.api.tokens.inspection.page", fail)
    running.ask("GET", "/v1/tokens", api_key=new_key().api_key)
    told = "".join(capsys.readouterr())
    assert told.count("ValueError") == 1
    assert "KeyError" in told
    assert "api/tokens.py" in told
    assert "JBSWY3DPEHPK3PXP" not in told
    assert "123456" not in told


def test_pages_may_load_scripts_from_here_and_none_within(running, new_key):
    page = running.ask("GET", "/docs", api_key=new_key().api_key)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in page.text
    assert "style=" not in page.text


def test_address_is_limited_and_told_when_to_come_back():
    now = [0.0]
    app = edge(monotonic=lambda: now[0], requests_per_s=10.0)
    assert [ask(app)[0] for _ in range(21)] == [200] * 20 + [429]
    status, headers = ask(app)
    assert (status, headers["retry-after"]) == (429, "1")
    assert ask(app, address="203.0.113.6")[0] == 200
    now[0] += 0.1
    assert [ask(app)[0] for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_not_limited(address):
    app = edge(requests_per_s=1.0)
    assert {ask(app, address=address)[0] for _ in range(50)} == {200}


def test_neighbours_of_one_ipv6_network_share_a_limit():
    app = edge(requests_per_s=1.0)
    assert [ask(app, address=f"2001:db8::{number}")[0] for number in range(3)] == [200, 200, 429]
    assert ask(app, address="2001:db8:0:1::1")[0] == 200


def test_limit_is_the_callers_own_behind_a_proxy():
    app = edge(requests_per_s=1.0, trusted_proxies=parse_networks([PROXY]))
    forwarded = [("x-forwarded-for", STRANGER)]
    assert [ask(app, address=PROXY, headers=forwarded)[0] for _ in range(3)] == [200, 200, 429]
    other = [("x-forwarded-for", f"{STRANGER}, 203.0.113.6")]
    assert ask(app, address=PROXY, headers=other)[0] == 200
    made_up = [("x-forwarded-for", f"203.0.113.77, {STRANGER}")]
    assert ask(app, address=PROXY, headers=made_up)[0] == 429


def test_forwarded_headers_of_strangers_are_not_believed():
    echo = Echo()
    ask(edge(echo), headers=[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")])
    trusting = edge(echo, trusted_proxies=parse_networks([PROXY]))
    ask(trusting, headers=[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")])
    assert [(scope["client"][0], scope["scheme"]) for scope in echo.scopes] == [(STRANGER, "http")] * 2


def test_https_of_a_trusted_proxy_counts():
    trusting = edge(trusted_proxies=parse_networks([PROXY]))
    _, headers = ask(trusting, address=PROXY, headers=[("x-forwarded-proto", "https")])
    assert "strict-transport-security" in headers


@pytest.mark.parametrize("length", ["16385", "99999999999999999999", "-1", "x", "", "１"])
def test_declared_length_that_is_too_large_or_none_is_refused(length):
    assert ask(edge(), headers=[("content-length", length)])[0] == 413


@pytest.mark.parametrize(
    "headers", [[("a", "x")] * 101, [("a", "x" * MAX_HEADER_BYTES)], [("x" * MAX_HEADER_BYTES, "a")]]
)
def test_too_many_or_too_long_headers_are_refused(headers):
    assert ask(edge(), headers=headers)[0] == 431


def test_body_is_cut_off_where_it_grows_too_large(running, new_key):
    api_key = new_key().api_key

    async def growing():
        for _ in range(17):
            yield b"x" * 1024

    answer = running.ask("POST", "/v1/tokens", api_key=api_key, content=growing())
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:keyfob:problem:too-large"


def test_fault_after_the_answer_began_is_swallowed_here():
    assert ask(edge(Echo(fails=True)))[0] == 200


def test_address_ranges_of_keys_are_held_against_the_callers_own_address(context, new_key):
    bound = new_key(addresses=(f"{STRANGER}/32",)).api_key
    settings = EdgeSettings(trusted_proxies=parse_networks([PROXY]))
    with RunningApp(create_app(context, settings)) as running:
        forwarded = {"X-Forwarded-For": STRANGER}
        assert running.ask("GET", "/v1/tokens", api_key=bound, address=STRANGER).status_code == 200
        through = running.ask("GET", "/v1/tokens", api_key=bound, address=PROXY, headers=forwarded)
        assert through.status_code == 200
        for address, headers in ((PROXY, {}), ("203.0.113.6", {}), ("203.0.113.6", forwarded)):
            refused = running.ask("GET", "/v1/tokens", api_key=bound, address=address, headers=headers)
            assert refused.status_code == 401


def test_edge_costs_little():
    """Beside the application's own work; the figure is generous, for machines that do much else meanwhile."""
    app, scope = edge(), {"type": "http", "scheme": "http", "client": (STRANGER, 1)}
    headers = [(b"host", b"keyfob.test"), (b"authorization", b"x" * 90), (b"content-length", b"40")]

    async def answer(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})

    async def swallow(_message):
        return None

    async def rounds():
        started = time.perf_counter()
        for _ in range(5000):
            await app(scope | {"headers": headers}, None, swallow)
        return (time.perf_counter() - started) / 5000

    app = Edge(answer, EdgeSettings(requests_per_s=1e9))
    assert min(asyncio.run(rounds()) for _ in range(3)) < 30e-6


def test_heads_are_bounded_above_what_the_edge_answers():
    assert MAX_HEAD_BYTES > MAX_HEADER_BYTES
