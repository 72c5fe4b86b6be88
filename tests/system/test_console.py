"""The console in a real browser, before a real verifier, by people with simulated fobs."""

import re
import shutil
from itertools import count
from pathlib import Path

import pytest

from keyfob import VirtualClock
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import open_installation
from people_samples import PASSWORD, add_person

api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")

REFUSED = "Name, password or code is not right, or it is too early to try again."

_numbers = count(1)


@pytest.fixture(scope="module")
def chromium():
    with api.sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=False
            )
        except api.Error as error:
            pytest.skip(f"there is no Chromium here: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def local(installation):
    """The installation as its administrator's commands have it."""
    made = installation.environment
    context = open_installation(
        made["KEYFOB_DATABASE_URL"], made["KEYFOB_KEK"], Purpose.TEST, VirtualClock(1_800_000_000.0)
    )
    yield context
    context.store.close()


@pytest.fixture
def open_page(chromium, verifier):
    """Opens a window of its own, in which nothing may go wrong unseen."""
    opened, troubles = [], []

    def told(said):
        # Chromium writes an error for each answer of 4xx too, and those are what some tests are about
        if said.type == "error" and "the server responded with a status of" not in said.text:
            troubles.append(said.text)

    def open_page(**wanted):
        window = chromium.new_context(base_url=verifier.url, **wanted)
        window.set_default_timeout(10_000)
        opened.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", told)
        return page

    yield open_page
    for window in opened:
        window.close()
    assert troubles == []


def sees(shown):
    """Waits until something is to be seen; a test fails that waits in vain."""
    shown.wait_for(state="visible")
    return True


class Somebody:
    """A person with a fob, at a browser's window."""

    def __init__(self, name, held, page):
        self.name, self.held, self.page = name, held, page

    def sign_in(self, password=PASSWORD, code=None):
        page = self.page
        page.goto("/console/sign-in")
        page.get_by_label("Name").fill(self.name)
        page.get_by_label("Password").fill(password)
        page.get_by_label("Code that your fob shows").fill(code or self.held.press().code)
        page.get_by_role("button", name="Sign in").click()
        return self

    def is_in(self):
        return sees(self.page.get_by_role("heading", level=1, name="Overview"))

    def is_refused(self):
        return REFUSED in self.page.get_by_role("alert").inner_text()

    def two_codes(self, truth):
        codes = [self.held.press().code]
        truth.advance(seconds=30)
        return [*codes, self.held.press().code]

    def resynchronize(self, codes):
        self.page.get_by_label("First code").fill(codes[0])
        self.page.get_by_label("The code after it").fill(codes[1])
        self.page.get_by_role("button", name="Resynchronize").click()


@pytest.fixture
def person(local, active_fob, open_page):
    """Enters somebody who has a fob and sits at a browser."""

    def person(role="admin", **window):
        held, name = active_fob(), f"person-{next(_numbers)}"
        add_person(local, held.serial, name, role)
        return Somebody(name, held, open_page(**window))

    return person


def test_person_signs_in_with_the_keyboard_alone(person):
    alice = person()
    page, typing = alice.page, alice.page.keyboard
    page.goto("/console/")
    for keys in ("Tab", "Tab", "Tab", alice.name, "Tab", PASSWORD, "Tab", alice.held.press().code):
        typing.press(keys) if keys == "Tab" else typing.type(keys)
    typing.press("Enter")
    assert alice.is_in()
    cookie = page.context.cookies()[0]
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("keyfob_session", True, "Strict")


def test_wrong_password_wrong_code_and_replayed_code_show_the_same_sentence(person, truth):
    alice = person()
    assert alice.sign_in(password="a wrong password").is_refused()
    truth.advance(seconds=60)
    assert alice.sign_in(code=alice.held.wrong_code()).is_refused()
    truth.advance(seconds=60)
    code = alice.held.press().code
    assert alice.sign_in(code=code).is_in()
    alice.page.get_by_role("button", name="Sign out").click()
    assert sees(alice.page.get_by_text("You are signed out."))
    assert alice.sign_in(code=code).is_refused()


def test_session_that_is_over_leads_to_the_sign_in_page(person, truth):
    alice = person().sign_in()
    assert alice.is_in()
    truth.advance(seconds=15 * 60)
    alice.page.get_by_role("link", name="Tokens").click()
    assert sees(alice.page.get_by_text("Your session is over."))


def test_strayed_fob_is_resynchronized_by_its_holder(person, truth, verifier):
    alice = person("validator").sign_in()
    alice.page.get_by_role("navigation").get_by_role("link", name="My token").click()
    truth.advance(seconds=60)
    codes = alice.two_codes(truth)
    alice.resynchronize(codes)
    assert sees(alice.page.get_by_text("The token's clock or counter was found again."))
    assert verifier.validate(alice.held.serial, codes[1]) == "refused"
    alice.resynchronize(codes)
    assert sees(alice.page.get_by_role("alert"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_token_is_activated_and_revoked(person, verifier, truth, scripts):
    alice = person(java_script_enabled=scripts).sign_in()
    new = verifier.enrol(account="bob@example.org")
    serial, page = new["token"]["serial"], alice.page
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Serial or account begins with").fill(serial[:-1])
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=serial).click()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Activate").click()
    assert "wrong code" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Revoke").click()
    assert verifier.token(serial)["status"] == "pending"
    page.get_by_role("button", name="Revoke for good").click()
    assert sees(page.get_by_text("The token is revoked."))
    assert verifier.token(serial)["status"] == "revoked"
    assert page.get_by_role("button").all_inner_texts() == ["Sign out"]


def test_auditor_sees_the_record_and_no_buttons(person, verifier):
    audrey = person("auditor").sign_in()
    page = audrey.page
    assert audrey.is_in()
    page.goto(f"/console/tokens/{audrey.held.serial}")
    assert sees(page.get_by_role("region", name="Newest entries of the record"))
    assert page.get_by_role("button").all_inner_texts() == ["Sign out"]
    page.goto(f"/console/tokens/{audrey.held.serial}/revoke")
    assert sees(page.get_by_role("heading", name="Forbidden"))


def test_form_that_another_site_made_changes_nothing(person, verifier, open_page, chromium):
    alice = person().sign_in()
    assert alice.is_in()
    victim = verifier.enrol(account="bob@example.org")["token"]["serial"]
    page = alice.page
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{verifier.url}/console/tokens/{victim}/revoke"><button>Win</button></form>',
        ),
    )
    page.goto("http://evil.example/")
    with page.expect_navigation():
        page.get_by_role("button").click()
    assert page.get_by_role("heading", name="Overview").count() == 0
    assert verifier.token(victim)["status"] == "pending"


PAGES = ("", "tokens", "tokens/{}", "tokens/{}/revoke", "my-token", "api-keys", "people")

LOW_CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = [];
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) low.push(`${element.outerHTML.slice(0, 60)}: ${ratio.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_legible_and_fit_a_telephone(person, scheme):
    """Contrast as WCAG 2.2 measures it, 4.5 and more; nothing but a table's own frame is wider than the window."""
    alice = person(color_scheme=scheme, viewport={"width": 320, "height": 640}).sign_in()
    assert alice.is_in()
    for path in PAGES:
        alice.page.goto(f"/console/{path.format(alice.held.serial)}")
        assert alice.page.evaluate(LOW_CONTRAST) == [], path
        assert alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert len(alice.page.get_by_role("main").all()) == 1
    ground = alice.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) > 3 * 128) == (scheme == "light")


def test_page_warns_before_it_is_left_alone_too_long(person):
    alice = person()
    alice.page.clock.install()
    assert alice.sign_in().is_in()
    warning = alice.page.get_by_text("You will be signed out in a minute.")
    alice.page.clock.fast_forward("13:59")
    assert not warning.is_visible()
    alice.page.clock.fast_forward("00:02")
    assert warning.is_visible()
    alice.page.clock.fast_forward("01:00")
    alice.page.wait_for_url("**/console/sign-in")


def test_times_are_shown_in_the_readers_zone_too(person):
    alice = person(locale="en-GB", timezone_id="Asia/Tokyo").sign_in()
    assert alice.is_in()
    alice.page.goto("/console/my-token")
    time = alice.page.locator("time").first
    assert time.inner_text().endswith(" UTC")
    assert "GMT+9" in time.get_attribute("title")


def test_secrets_are_in_no_log(installation, person, truth):
    alice = person()
    assert alice.sign_in(password="a wrong password of hers").is_refused()
    truth.advance(seconds=60)
    assert alice.sign_in().is_in()
    log = Path(installation.log).read_text()
    for secret in (PASSWORD, "a wrong password of hers", alice.page.context.cookies()[0]["value"]):
        assert secret not in log
