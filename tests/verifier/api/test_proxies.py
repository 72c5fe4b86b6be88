import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.access_errors import InvalidAddressRangeError
from keyfob_verifier.addresses import counted_as, is_within, parse_network, parse_networks
from keyfob_verifier.api.proxies import TrustedProxies

PROXIES = TrustedProxies(parse_networks(["10.0.0.0/24", "2001:db8:1::/48"]))


def revealed(peer, forwarded=(), scheme=None):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [] if scheme is None else [(b"x-forwarded-proto", scheme.encode())]
    scope = {"client": (peer, 1), "scheme": "http", "headers": headers}
    PROXIES.reveal(scope)
    return scope["client"][0], scope["scheme"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.9", ["203.0.113.5"], "198.51.100.9"),
        ("10.0.0.7", [], "10.0.0.7"),
        ("10.0.0.7", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.7", ["192.0.2.1, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.7", ["192.0.2.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.7", ["192.0.2.1, 203.0.113.5, 10.0.0.8"], "203.0.113.5"),
        ("10.0.0.7", ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        ("10.0.0.7", ["203.0.113.5:4711"], "203.0.113.5"),
        ("10.0.0.7", ["[2001:db8::5]:4711"], "2001:db8::5"),
        ("10.0.0.7", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.7", ["203.0.113.5, unknown"], "10.0.0.7"),
        ("10.0.0.7", ["203.0.113.5, unknown, 10.0.0.8"], "10.0.0.8"),
        ("10.0.0.7", ["", " , "], "10.0.0.7"),
        ("10.0.0.7", ["x" * 5000], "10.0.0.7"),
        ("::ffff:10.0.0.7", ["203.0.113.5"], "203.0.113.5"),
        ("2001:db8:1::7", ["::ffff:203.0.113.5"], "203.0.113.5"),
    ],
)
def test_client_is_the_rightmost_that_is_no_trusted_proxy(peer, forwarded, client):
    assert revealed(peer, forwarded)[0] == client


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        ("10.0.0.7", "https", "https"),
        ("10.0.0.7", "HTTPS", "https"),
        ("10.0.0.7", "https, http", "http"),
        ("10.0.0.7", "gopher", "http"),
        ("198.51.100.9", "https", "http"),
    ],
)
def test_scheme_is_the_trusted_proxys(peer, said, scheme):
    assert revealed(peer, scheme=said)[1] == scheme


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=30), max_size=5))
def test_whatever_is_forwarded_by_a_stranger_changes_nothing(forwarded):
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"client": ("198.51.100.9", 1), "scheme": "http", "headers": headers}
    before = dict(scope)
    PROXIES.reveal(scope)
    assert scope == before


@pytest.mark.parametrize("text", ["", "x", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/24/24", "example.org"])
def test_what_is_no_range_is_named(text):
    with pytest.raises(InvalidAddressRangeError):
        parse_network(text)


def test_ranges_hold_addresses_of_both_kinds():
    ranges = parse_networks(["192.0.2.0/24", "2001:db8::/32", "198.51.100.1"])
    for inside in ("192.0.2.255", "2001:db8:ffff::1", "198.51.100.1", "::ffff:192.0.2.1"):
        assert is_within(inside, ranges)
    for outside in ("192.0.3.0", "2001:db9::1", "198.51.100.2", "", "testclient", "192.0.2.1 "):
        assert not is_within(outside, ranges)


def test_neighbours_in_one_ipv6_network_count_as_one():
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff:1") != counted_as("2001:db8:0:1::1")
    assert counted_as("192.0.2.1") != counted_as("192.0.2.2")


def test_this_machines_own_addresses_are_not_counted():
    for own in ("", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert counted_as(own) is None
