"""Logins a second over HTTP, all parts in, against an empty FastAPI endpoint on the same machine in the same run."""

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, show
from rich.console import Console

from keyfob import totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess

CONNECTIONS = 32
ROUNDS = 5
SECTION = f"Attempts over {CONNECTIONS} connections, most of them throttled"
ROUND_S = 2.0
START = 1_800_000_000.0

EMPTY = """
import socket, sys, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
class Question(BaseModel):
    serial: str
    code: str
class Answer(BaseModel):
    answer: str
app = FastAPI()
@app.post("/v1/validate")
async def validate(question: Question) -> Answer:
    return Answer(answer="refused")
listener = socket.socket(fileno=int(sys.argv[1]))  # not uvicorn's fd: it would take this for a Unix socket
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
"""


async def load(port: int, requests: list[bytes]) -> tuple[int, list[float]]:
    """Sends requests over keep-alive connections for a while: how many were answered, and how long each took."""
    latencies: list[float] = []
    deadline = time.perf_counter() + ROUND_S

    async def caller(request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < deadline:
            sent = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*map(caller, requests))
    return len(latencies), latencies


def request(body: dict[str, str], api_key: str = "") -> bytes:
    content = json.dumps(body).encode()
    return (
        b"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {api_key}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )


def figures() -> list[Figure]:
    """Both servers, measured."""
    with tempfile.TemporaryDirectory() as directory:
        installation = Installation(Path(directory))
        with VerifierProcess(installation, START) as verifier:
            requests = [request(token(verifier), installation.api_key) for _ in range(CONNECTIONS)]
            port = int(verifier.url.rsplit(":", 1)[1])
            with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
                handed = listener.fileno()
                empty = subprocess.Popen([sys.executable, "-c", EMPTY, str(handed)], pass_fds=[handed])
                try:
                    return measure(port, listener.getsockname()[1], requests)
                finally:
                    empty.terminate()
                    empty.wait()


def token(verifier: VerifierProcess) -> dict[str, str]:
    """An active token, and a code of it that was used: each attempt is compared, or throttled, and recorded."""
    enrolled = verifier.enrol(account="load")
    serial = enrolled["token"]["serial"]
    code = totp(parse_uri(enrolled["uri"]).seed.reveal(), START)
    verifier.activate(serial, code)
    return {"serial": serial, "code": code}


def measure(port: int, empty_port: int, requests: list[bytes]) -> list[Figure]:
    rates: dict[str, list[float]] = {"keyfob": [], "empty endpoint": []}
    latencies: dict[str, list[float]] = {"keyfob": [], "empty endpoint": []}
    servers = (("keyfob", port), ("empty endpoint", empty_port))
    for _, at in servers:
        asyncio.run(load(at, requests))
    for _ in range(ROUNDS):
        for name, at in servers:
            answered, took = asyncio.run(load(at, requests))
            rates[name].append(answered / ROUND_S)
            latencies[name] += took
    reference = statistics.median(rates["empty endpoint"])
    return [
        *(
            Figure(SECTION, name, rate, "requests/s", rate / reference, "the empty endpoint")
            for name, rate in ((name, statistics.median(measured)) for name, measured in rates.items())
        ),
        *(
            Figure(SECTION, f"{name}, 99th percentile", p99 * 1e3, "ms", p99 / median, "its median latency")
            for name, median, p99 in (
                (name, statistics.median(took), statistics.quantiles(took, n=100)[98])
                for name, took in latencies.items()
            )
        ),
    ]


if __name__ == "__main__":
    show(figures(), Console())
