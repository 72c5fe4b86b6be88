import pytest

from keyfob_verifier.console.sign_in import REFUSED
from keyfob_verifier.service.sessions import COOKIE
from people_samples import PASSWORD


def cookie_of(response):
    return next(value for value in response.headers.get_list("set-cookie") if value.startswith(COOKIE))


def test_sign_in_leads_to_the_overview(person):
    alice = person()
    answered = alice.sign_in()
    assert answered.url.path == "/console/"
    assert "<h1>Overview</h1>" in answered.text


@pytest.mark.parametrize("page", ["/", "/tokens", "/tokens/KF-1", "/my-token", "/api-keys", "/people"])
def test_stranger_is_sent_to_the_sign_in_page(browser, page):
    answered = browser.get(page)
    assert answered.url.path == "/console/sign-in"
    assert 'name="password"' in answered.text


def test_cookie_is_for_this_server_only_and_for_no_script(person):
    alice = person()
    answered = alice.browser.send("/sign-in", alice.typed(), follow=False)
    words = cookie_of(answered).split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(words)
    assert "Secure" not in words
    assert not any(word.startswith(("Max-Age", "expires", "Domain")) for word in words)


def test_cookie_of_a_page_over_tls_is_secure(person, open_browser):
    alice = person()
    alice.browser = open_browser("https://keyfob.test")
    answered = alice.browser.send("/sign-in", alice.typed(), follow=False)
    assert "Secure" in cookie_of(answered).split("; ")


def test_every_refusal_says_the_same(person, clock):
    alice = person()
    right = alice.typed()
    said = [alice.sign_in(password="a wrong password")]
    clock.advance(seconds=3)
    said += [alice.sign_in(code=alice.fob.wrong_code()), alice.sign_in(name="mallory")]
    said += [alice.sign_in(tenant_id="nobody's"), alice.sign_in(code="a word"), alice.sign_in(password="")]
    clock.advance(seconds=60)
    assert alice.sign_in().status_code == 200
    said += [alice.sign_in(), alice.sign_in(code=right["code"])]
    assert {answered.status_code for answered in said} == {401}
    assert all(REFUSED in answered.text for answered in said)
    pages = {
        answered.text.replace("mallory", "alice").replace("nobody&#39;s", "default") for answered in said
    }
    assert len(pages) == 1


def test_refused_form_does_not_show_the_password_or_the_code_again(person):
    alice = person()
    code = alice.fob.wrong_code()
    answered = alice.sign_in(code=code)
    assert PASSWORD not in answered.text
    assert code not in answered.text


def test_form_from_another_sites_page_is_refused(person):
    alice = person()
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://keyfob.test"},
        {},
    ):
        answered = alice.browser.send("/sign-in", alice.typed(), headers=foreign)
        assert answered.status_code == 403
        assert COOKIE not in alice.browser.http.cookies


def test_new_sign_in_has_a_new_session_and_ends_the_one_before(signed_in):
    alice = signed_in()
    before = alice.browser.http.cookies[COOKIE]
    alice.sign_in()
    assert alice.browser.http.cookies[COOKIE] != before
    answered = alice.browser.ask("GET", "/v1/session", headers={"Cookie": f"{COOKIE}={before}"})
    assert answered.status_code == 401


def test_signing_out_ends_the_session_on_the_server_too(signed_in):
    alice = signed_in()
    secret = alice.browser.http.cookies[COOKIE]
    answered = alice.browser.send_own("/sign-out")
    assert answered.url.path == "/console/sign-in"
    assert "You are signed out." in answered.text
    alice.browser.http.cookies.set(COOKIE, secret)
    assert alice.browser.get("/").url.path == "/console/sign-in"


def test_notice_is_shown_once(signed_in):
    alice = signed_in()
    assert "You are signed out." in alice.browser.send_own("/sign-out").text
    assert "You are signed out." not in alice.browser.get("/sign-in").text


def test_idle_session_leads_back_to_the_sign_in_page(signed_in, clock):
    alice = signed_in()
    clock.advance(seconds=15 * 60)
    answered = alice.browser.get("/tokens")
    assert answered.url.path == "/console/sign-in"
    assert "Your session is over." in answered.text


@pytest.mark.parametrize(
    "fields", [b"form_token=\xff%ff", b"&".join(b"a=1" for _ in range(50)), b"name=%00&password=x&code=1"]
)
def test_broken_form_is_refused_as_a_page(person, fields):
    browser = person().browser
    headers = {"Origin": browser.origin, "Content-Type": "application/x-www-form-urlencoded"}
    answered = browser.ask("POST", "/console/sign-in", content=fields, headers=headers)
    assert answered.status_code in {401, 403}
    assert answered.headers["content-type"].startswith("text/html")


def test_program_signs_in_looks_and_signs_out(person):
    alice = person()
    ask = alice.browser.ask
    signed_in = ask("POST", "/v1/session", json=alice.typed())
    assert signed_in.status_code == 201
    assert "HttpOnly" in cookie_of(signed_in)
    shown = ask("GET", "/v1/session").json()
    assert shown == signed_in.json()
    assert (shown["name"], shown["role"], shown["serial"]) == ("alice", "admin", "KF-ALICE")
    own = {"Origin": alice.browser.origin}
    assert ask("GET", "/v1/tokens/KF-ALICE").status_code == 200
    assert ask("DELETE", "/v1/session", headers={"Origin": "https://evil.example"}).status_code == 403
    assert ask("DELETE", "/v1/session", headers=own).status_code == 204
    assert ask("GET", "/v1/session").status_code == 401


def test_program_is_told_one_problem_for_every_refusal(person, clock):
    alice = person()
    said = []
    for wrong in ({"password": "a wrong password"}, {"name": "mallory"}, {"code": "000"}, {"tenant_id": "?"}):
        clock.advance(seconds=60)
        said.append(alice.browser.ask("POST", "/v1/session", json=alice.typed(**wrong)))
    assert {answered.status_code for answered in said} == {401}
    assert len({answered.text for answered in said}) == 1
    assert said[0].json()["type"] == "urn:keyfob:problem:sign-in-refused"
