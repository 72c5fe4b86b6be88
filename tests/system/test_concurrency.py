"""One code submitted many times at once, through two server processes over one database."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from keyfob import totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess

START = 1_800_000_000.0
SUBMISSIONS = 64


def answers_to_one_code(processes, serial, code):
    """What 64 callers, each with a connection of its own and all let go at one moment, were told."""
    api_key = processes[0].http.headers["authorization"]
    gate = threading.Barrier(SUBMISSIONS)

    def submit(number):
        with httpx.Client(base_url=processes[number % 2].url, headers={"Authorization": api_key}) as caller:
            caller.get("/healthz")
            gate.wait(30)
            response = caller.post("/v1/validate", json={"serial": serial, "code": code}, timeout=60)
        return response.json()["answer"] if response.status_code == 200 else response.status_code

    with ThreadPoolExecutor(SUBMISSIONS) as callers:
        return Counter(callers.map(submit, range(SUBMISSIONS)))


def test_of_64_submissions_at_once_exactly_one_is_accepted(tmp_path, database_url, soak_rounds):
    installation = Installation(tmp_path, database_url)
    with (
        VerifierProcess(installation, START) as first,
        VerifierProcess(installation, START) as second,
    ):
        now = START
        for _ in range(soak_rounds(3, 200)):
            enrolled = first.enrol(account="alice")
            serial, seed = enrolled["token"]["serial"], parse_uri(enrolled["uri"]).seed.reveal()
            assert first.activate(serial, totp(seed, now)) == "accepted"
            now += 60
            for process in (first, second):
                process.move_clock(now)
            answers = answers_to_one_code([first, second], serial, totp(seed, now))
            assert answers["accepted"] == 1
            assert answers["refused"] + answers[429] == SUBMISSIONS - 1
            entries = first.http.get("/v1/audit", params={"serial": serial, "limit": 100}).json()
            validations = [entry["outcome"] for entry in entries if entry["action"] == "validate"]
            assert len(validations) == SUBMISSIONS
            assert validations.count("accepted") == 1
