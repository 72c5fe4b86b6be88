"""Draws the console's pictures: a verifier with made-up people, at a fixed time, in Chromium.

python docs/pictures/console.py docs/pictures
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from keyfob import SealingKey, VirtualClock
from keyfob.oscillator import Crystal, Oscillator
from keyfob.quantities import DAY_S
from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess
from keyfob_firmware.faults import DeadSegments
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle, people, support
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.passwords import Passwords
from keyfob_verifier.service.verification import Attempt, verify

START = 1_767_603_600.0
PORTAL = "4f1c09a27be3"
PASSWORD = "for these pictures only"  # noqa: S105  it opens nothing
HOLDERS = {"alba": 11.0, "bruno": -7.5, "chiara": 3.0, "dario": -14.0, "elena": 19.0, "fabio": 0.5}
"""Who has a fob, and how fast its crystal is in ppm."""


class World:
    """An installation that lives for as long as the pictures tell of."""

    def __init__(self, context: Context, clock: VirtualClock) -> None:
        self.context, self.clock = context, clock
        self.fobs = {name: self._hand_out(f"KF-100{place}", name) for place, name in enumerate(HOLDERS, 1)}

    def _hand_out(self, serial: str, name: str) -> Fob:
        application = Application(account=f"{name}@example.org", serial=serial)
        enrolled = enrol(self.context, DEFAULT_TENANT, PORTAL, application)
        crystal = Crystal(HOLDERS[name])
        oscillator = Oscillator(crystal=crystal, made_at=self.clock.now(), wander_seed=1)
        fob = Fob(FobState.new(serial, oscillator), SealingKey.generate(), self.clock)
        fob.provision(enrolled.uri)
        if name != "fabio":
            lifecycle.activate(self.context, DEFAULT_TENANT, "person:alba", serial, fob.press().code)
        return fob

    def log_in(self, name: str, code: str | None = None) -> None:
        """Types the fob's code, or another one, at a portal that asks the verifier."""
        fob = self.fobs[name]
        typed = fob.press().code if code is None else code
        attempt = Attempt(DEFAULT_TENANT, PORTAL, fob.state.serial, typed, self.clock.now())
        verify(self.context, [attempt])

    def live(self) -> None:
        """A year of logins every fortnight; then a guesser, a slip, and a fob with a dark display."""
        for _ in range(26):
            self.clock.advance(seconds=14 * DAY_S)
            for name in ("alba", "bruno", "dario"):
                self.log_in(name)
        lifecycle.revoke(self.context, DEFAULT_TENANT, "person:alba", "KF-1005")
        for guess in range(10):
            self.clock.advance(seconds=310)
            self.log_in("chiara", f"{guess:06d}")
        self.clock.advance(seconds=90)
        self.log_in("bruno", self.fobs["alba"].press().code)
        self.fobs["dario"].inject(DeadSegments(((2, "b"),)))
        report = self.fobs["dario"].diagnose()
        support.add(self.context, DEFAULT_TENANT, "person:alba", "KF-1004", report)
        self.clock.advance(seconds=60)


def draw(page: Page, url: str, code: str, directory: Path) -> None:
    """Signs in and draws the overview and a token's page."""
    page.goto(f"{url}/console/sign-in")
    page.get_by_label("Name").fill("alba")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code that your fob shows").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    page.screenshot(path=directory / "console-overview.png", full_page=True)
    page.goto(f"{url}/console/tokens/KF-1002")
    page.screenshot(path=directory / "console-token.png")


def main(directory: Path) -> None:
    """Makes the world, serves it, draws it."""
    with tempfile.TemporaryDirectory() as made:
        installation, clock = Installation(Path(made)), VirtualClock(START)
        url, kek = (installation.environment[name] for name in ("KEYFOB_DATABASE_URL", "KEYFOB_KEK"))
        context = open_installation(url, kek, Purpose.TEST, clock)
        world = World(context, clock)
        alba = people.NewPerson("alba", "admin", "KF-1001", PASSWORD)
        people.add(context, Passwords(), DEFAULT_TENANT, "local:root", alba)
        world.live()
        code = world.fobs["alba"].press().code
        context.store.close()
        with VerifierProcess(installation, clock.now()) as verifier, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=False
            )
            page = chromium.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
            draw(page, verifier.url, code, directory)
            chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
