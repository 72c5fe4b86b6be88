"""Addresses of callers and ranges of them, IPv4 and IPv6."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from keyfob_verifier.access_errors import InvalidAddressRangeError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST = 64
"""No address is written with more characters, so that nothing longer is remembered."""


def parse_network(text: str) -> Network:
    """A range such as 192.0.2.0/24 or 2001:db8::/32; an address alone is a range of one.

    Raises:
        InvalidAddressRangeError: it is none.
    """
    try:
        return ip_network(text)
    except ValueError:
        raise InvalidAddressRangeError(text) from None


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Several ranges. Raises what `parse_network` raises."""
    return tuple(parse_network(text) for text in texts)


def parse_address(text: str) -> Address | None:
    """An address, where the text is one; IPv4 within IPv6 (RFC 4291, section 2.5.5.2) is that IPv4."""
    return _parse_address(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of these ranges; what is no address lies in none."""
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=4096)
def counted_as(text: str) -> str | None:
    """Who an address counts as where requests are counted; None for this machine's own, which are not.

    Of IPv6, where one caller has many addresses, it is their /64.
    """
    address = parse_address(text)
    if not text or (address is not None and address.is_loopback):
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return text
