"""Requests over connections that are kept as long as the server keeps them, each sent once its connection's last one was answered."""

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came back.

    Attributes:
        seconds: from the first request to the last answer.
        latencies_s: of each request.
        answers: how often each status and body came.
    """

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    answers: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies_s) / self.seconds

    @property
    def median_s(self) -> float:
        return statistics.median(self.latencies_s)

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.latencies_s, n=100)[98]


def drive(port: int, requests: Iterable[bytes], connections: int) -> Load:
    """Sends all requests to a loopback port, and waits for their answers."""
    return asyncio.run(_drive([port], requests, connections))


def drive_in_turns(ports: Sequence[int], requests: Iterable[bytes], connections: int) -> Load:
    """The same over several ports, each of which gets as many of the connections."""
    return asyncio.run(_drive(ports, requests, connections))


async def _drive(ports: Sequence[int], requests: Iterable[bytes], connections: int) -> Load:
    waiting, load = iter(requests), Load()

    async def caller(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            sent = time.perf_counter()
            if writer.is_closing():
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            headers = head.lower()
            length = int(headers.split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            load.latencies_s.append(time.perf_counter() - sent)
            load.answers[head.split(b" ", 2)[1], body] += 1
            if b"\r\nconnection: close" in headers:
                writer.close()
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller(ports[number % len(ports)]) for number in range(connections)))
    load.seconds = time.perf_counter() - started
    return load


def post(path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> bytes:
    """A request with a JSON body, as it travels."""
    content = json.dumps(body).encode()
    lines = {"Host": "localhost", "Content-Type": "application/json", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
