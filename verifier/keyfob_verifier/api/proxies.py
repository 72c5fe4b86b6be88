"""Who is really asking, where a proxy that is trusted stands between."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from keyfob_verifier.addresses import Network, is_within, parse_address

_SCHEMES = {b"http": "http", b"https": "https"}


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose word counts.

    Attributes:
        networks: where they are.
    """

    networks: tuple[Network, ...]

    def reveal(self, scope: Scope) -> None:
        """Puts the caller's own address and scheme into a request that comes from a trusted proxy."""
        client = scope.get("client")
        if client is None or not is_within(client[0], self.networks):
            return
        forwarded: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded += value.split(b",")
            elif name == b"x-forwarded-proto":
                scope["scheme"] = _SCHEMES.get(value.rpartition(b",")[2].strip().lower(), scope["scheme"])
        scope["client"] = (self._client(client[0], forwarded), 0)

    def _client(self, peer: str, forwarded: Sequence[bytes]) -> str:
        """The rightmost address that is no trusted proxy: what stands left of it, the caller may have made up.

        Where there is none, or somebody wrote what is no address, it is the last proxy whose word counts.
        """
        known = peer
        for hop in reversed(forwarded):
            address = parse_address(_host(hop.strip().decode("latin-1")))
            if address is None:
                break
            known = str(address)
            if not is_within(known, self.networks):
                break
        return known


def _host(hop: str) -> str:
    """Without the port that some proxies write."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
