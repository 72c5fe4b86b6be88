"""The demo from beginning to end."""

import base64
import random
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from keyfob import SealingKey, VirtualClock
from keyfob.oscillator import Crystal, Oscillator
from keyfob.qr import read_qr
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature import CyclicTemperature, TemperatureCycle
from keyfob_firmware.demo.attack import besiege
from keyfob_firmware.demo.life import Owner, live
from keyfob_firmware.demo.report import Findings, Sample, show
from keyfob_firmware.demo.verifier_process import Installation, VerifierFailedError, VerifierProcess
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState

START = 1_767_225_600.0
"""2026-01-01, 00:00 UTC."""
LIVED_S = 2.0 * YEAR_S
SAMPLE_EVERY_S = YEAR_S / 4.0
ON_A_KEY_RING = CyclicTemperature(
    mean_c=21.0,
    cycles=(
        TemperatureCycle(amplitude_c=7.0, period_s=YEAR_S, warmest_at=START + 200.0 * DAY_S),
        TemperatureCycle(amplitude_c=3.0, period_s=DAY_S, warmest_at=START + 0.625 * DAY_S),
    ),
)
TOLERANCES_PPM = {"FAST-20": 20.0, "SLOW-20": -20.0}


def run(directory: Path, random_seed: int, console: Console) -> bool:
    """Runs the demo in an empty directory, and shows what it found; whether all is as it should be.

    Raises:
        VerifierFailedError: the verifier did not start, or answered as it should not.
    """
    started = time.perf_counter()
    chance = random.Random(random_seed)  # noqa: S311  simulated people, not secrets
    truth = VirtualClock(START)
    console.print("Starting a verifier …")
    with VerifierProcess(Installation(directory), truth.now()) as verifier:
        console.print(f"It answers at {verifier.url} (process {verifier.pid}).", highlight=False)
        owners = [_provision(serial, directory, verifier, truth, chance) for serial in TOLERANCES_PPM]
        console.print(
            f"{len(owners)} fobs provisioned by reading its QR codes, PNGs in {directory}.", highlight=False
        )
        findings = Findings(owners)
        _live(findings, verifier, truth, chance, console)
        findings.siege = besiege(owners[0].serial, verifier, truth, chance)
        truth.advance(seconds=DAY_S)
        verifier.move_clock(truth.now())
        findings.owner_after_siege = verifier.validate(owners[0].serial, owners[0].fob.press().code)
    findings.wall_s = time.perf_counter() - started
    return show(findings, console)


def _provision(
    serial: str,
    directory: Path,
    verifier: VerifierProcess,
    truth: VirtualClock,
    chance: random.Random,
) -> Owner:
    enrolled = verifier.enrol(
        account=f"{serial.lower()}@example.org", issuer="keyfob demo", serial=serial, qr="png"
    )
    picture = directory / f"{serial}.png"
    picture.write_bytes(base64.b64decode(enrolled["qr"]["data_uri"].partition(",")[2]))
    if read_qr(picture) != enrolled["uri"]:
        raise VerifierFailedError(f"drew a QR code for {serial} that reads otherwise than its URI")
    oscillator = Oscillator(
        crystal=Crystal(tolerance_ppm=TOLERANCES_PPM[serial]),
        temperature=ON_A_KEY_RING,
        made_at=START,
        wander_seed=chance.getrandbits(64),
    )
    fob = Fob(FobState.new(serial, oscillator), SealingKey.generate(), truth)
    fob.scan(picture)
    if verifier.activate(serial, fob.press().code) != "accepted":
        raise VerifierFailedError(f"refused the first code of {serial}")
    return Owner(serial, fob)


def _live(
    findings: Findings,
    verifier: VerifierProcess,
    truth: VirtualClock,
    chance: random.Random,
    console: Console,
) -> None:
    next_sample = START + SAMPLE_EVERY_S
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("two years of logins", total=LIVED_S)
        for at in live(findings.owners, verifier, truth, START + LIVED_S, chance):
            progress.update(task, completed=at - START)
            if at >= next_sample:
                findings.samples += [_sample(owner, verifier, at) for owner in findings.owners]
                next_sample += SAMPLE_EVERY_S


def _sample(owner: Owner, verifier: VerifierProcess, at: float) -> Sample:
    drift = verifier.token(owner.serial)["drift"]
    oscillator = owner.fob.state.oscillator
    return Sample(
        at,
        owner.serial,
        oscillator.offset_s(at),
        drift["offset_s"],
        drift["offset_sd_s"],
        oscillator.rate_ppm(at),
        drift["rate_ppm"],
        drift["rate_sd_ppm"],
    )
