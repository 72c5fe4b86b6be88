"""HTTP over a socket that stays open, with next to no work on the caller's side."""

import json
import socket
from urllib.parse import urlsplit

TIMEOUT_S = 60.0


class RawConnection:
    """One connection to a server, for one request after another."""

    def __init__(self, url, api_key):
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: {place.netloc}\r\nAuthorization: Bearer {api_key}\r\n"
        self._rest = b""

    def request(self, method, path, body=None):
        """The bytes of a request, to be sent whenever it is time."""
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "Content-Type: application/json\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{kind}Content-Length: {len(content)}\r\n\r\n"
        return head.encode() + content

    def send(self, request):
        """Sends a request; its answer waits to be received."""
        self._socket.sendall(request)

    def receive(self):
        """The next answer: its status, its head and its body, each as it came. Raises `OSError` where none comes."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return int(head.split(b" ", 2)[1]), head, body

    def ask(self, method, path, body=None):
        """The answer to a request: its status, and its body as JSON, or as text where it is none."""
        self.send(self.request(method, path, body))
        status, head, content = self.receive()
        return status, json.loads(content) if b"json" in head else content.decode()

    def close(self):
        """Closes it."""
        self._socket.close()

    def _more(self):
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("the server is gone")
        self._rest += received
