import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.rows import Credential, Kind
from keyfob.formats.uri_list import read
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from keyfob.uri import Provisioning, format_uri
from seed_files import OTHER_SECRET, RFC_SECRET, as_file, outcome, sample, tells_of

names = (
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20)
    .map(lambda name: unicodedata.normalize("NFC", name))
    .filter(lambda name: name == name.strip() and ":" not in name and len(name.encode()) < 200)
)


@st.composite
def provisionings(draw):
    counter = draw(st.none() | st.integers(0, 2**64 - 1))
    step_s = draw(st.integers(1, 2**31 - 1)) if counter is None else 30
    parameters = Parameters(draw(st.sampled_from(Algorithm)), draw(st.integers(6, 10)), step_s)
    seed = Seed(draw(st.binary(min_size=10, max_size=64)))
    return Provisioning(seed, draw(names), draw(st.none() | names), parameters, counter)


def test_good_lines_are_read_and_others_named():
    assert [outcome(row) for row in read(sample("uris.txt"))] == [
        (2, "ACME-alice-example.com-5ff14b832d97"),
        (4, "bob"),
        (5, "InvalidSecret", "secret"),
        (6, "InvalidUser", "account"),
        (7, "InvalidParameter", "uri"),
    ]


def test_what_a_uri_says_is_kept():
    alice, bob = [row.content for row in read(sample("uris.txt")) if isinstance(row.content, Credential)]
    assert (alice.user, alice.issuer, alice.kind, alice.counter) == (
        "alice@example.com",
        "ACME",
        Kind.TOTP,
        0,
    )
    assert (bob.kind, bob.counter, bob.parameters) == (Kind.HOTP, 7, Parameters(Algorithm.SHA256, 8))
    assert (alice.seed.reveal(), bob.seed.reveal()) == (RFC_SECRET, OTHER_SECRET)


@given(st.lists(provisionings(), min_size=1, max_size=4))
def test_what_is_written_is_read_back(made):
    found = [row.content for row in read(as_file("\r\n".join(map(format_uri, made))))]
    told = [(c.seed, c.user, c.issuer, c.parameters, c.kind is Kind.HOTP, c.counter) for c in found]
    assert told == [
        (m.seed, m.account, m.issuer, m.parameters, m.counter is not None, m.counter or 0) for m in made
    ]


def test_no_secret_is_shown():
    for row in read(sample("uris.txt")):
        assert not tells_of(row, Seed(RFC_SECRET).to_base32())
        assert not tells_of(row, "0189")
