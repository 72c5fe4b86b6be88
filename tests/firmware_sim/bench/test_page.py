"""The bench's page in a real browser."""

import re
import shutil

import pyotp
import pytest

from fob_samples import SECRET, URI, picture_of
from keyfob.seed import Seed
from keyfob_firmware.faults import FAULTS

api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")

PEER = pyotp.TOTP(Seed(SECRET).to_base32())


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=False
            )
        except api.Error as error:
            pytest.skip(f"there is no Chromium here: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def page(browser, bench):
    """The page, on which nothing may go wrong unseen."""
    page = browser.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(bench.url)
    yield page
    page.close()
    assert troubles == []


def card(page, serial):
    return page.locator(f'[data-serial="{serial}"]')


def code_now(http):
    return PEER.at(int(http.get("/time").json()["now"]))


def test_button_lights_the_display(page, http, make):
    fob = card(page, make())
    api.expect(fob.locator("svg title")).to_have_text("The display is dark.")
    fob.get_by_role("button", name="Press").click()
    code = code_now(http)
    api.expect(fob.locator(".words")).to_contain_text(f"{code[:3]} {code[3:]}")
    api.expect(fob.locator("svg title")).to_contain_text(f"{code[:3]} {code[3:]}")


def test_button_is_pressed_once_by_each_means_and_held_for_long(page, http, make):
    serial = make()
    button = card(page, serial).get_by_role("button", name="Press")
    button.press("Enter")
    api.expect(card(page, serial).locator(".facts")).to_contain_text("pressed 1 times")
    button.press("Space")
    api.expect(card(page, serial).locator(".facts")).to_contain_text("pressed 2 times")
    page.wait_for_timeout(400)
    button.evaluate("button => button.click()")
    api.expect(card(page, serial).locator(".facts")).to_contain_text("pressed 3 times")
    button.click(delay=1700)
    api.expect(card(page, serial).locator(".facts")).to_contain_text("information")
    assert http.get(f"/fobs/{serial}").json()["presses"] == 4


def test_fob_is_made_from_a_picture_and_removed(page, http):
    page.get_by_text("New fob").click()
    form = page.locator("#make")
    form.get_by_label("Serial").fill("FROM-PAGE")
    form.get_by_label("QR code").set_input_files(
        {"name": "qr.png", "mimeType": "image/png", "buffer": picture_of(URI)}
    )
    form.get_by_role("button", name="Make").click()
    api.expect(card(page, "FROM-PAGE")).to_contain_text("ACME: alice@example.com")
    card(page, "FROM-PAGE").get_by_role("button", name="Remove").click()
    api.expect(card(page, "FROM-PAGE")).to_have_count(0)


def test_pin_is_typed(page, http, make):
    fob = card(page, make(pin="1234"))
    fob.get_by_role("button", name="Press").click()
    api.expect(fob.locator(".words")).to_contain_text("lock icon")
    fob.get_by_label("Keypad").fill("1234")
    fob.get_by_role("button", name="Enter").click()
    code = code_now(http)
    api.expect(fob.locator(".words")).to_contain_text(f"{code[:3]} {code[3:]}")


def test_every_fault_is_on_the_menu_and_can_be_injected(page, http, make):
    serial = make()
    fob = card(page, serial)
    api.expect(fob).to_be_visible()
    kinds = fob.get_by_label("Fault").locator("option").evaluate_all("all => all.map(one => one.value)")
    assert kinds == list(FAULTS)
    for kind in kinds:
        fob.get_by_label("Fault").select_option(kind)
        with page.expect_response(re.compile("/faults$")) as answered:
            fob.get_by_role("button", name="Inject").click()
        assert answered.value.status == 200, kind
    fob.get_by_text("Events").click()
    api.expect(fob.locator(".trace")).to_contain_text("tamper: ")


def test_time_and_drift_are_moved(page, http, make):
    serial, before = make(), http.get("/time").json()["now"]
    page.get_by_role("button", name="+1 day").click()
    card(page, serial).get_by_label("Drift").fill("50")
    api.expect(card(page, serial).locator(".drift output")).to_have_text("50.00 ppm")
    assert http.get("/time").json()["now"] == before + 86_400
