"""XML that is abused, broken or endless, and documents with anything at all in them."""

import contextlib
import tracemalloc
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats import pskc_xml
from keyfob.formats.pskc import read
from keyfob.formats.rows import Credential, Flaw, SeedFileError
from pskc_samples import FIGURE_6_KEY, FIGURE_7_PASSPHRASE, container, key_package
from seed_files import SAMPLES, Endless, as_file, sample

DOCUMENTS = {path.stem: path.read_bytes() for path in sorted(SAMPLES.glob("*.pskcxml"))}
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE KeyContainer [\n<!ENTITY a0 "aaaaaaaaaa">\n'
    + "\n".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "\n]>\n<KeyContainer Version='1.0'><KeyPackage>&a9;</KeyPackage></KeyContainer>"
)


def read_all(content, key=None):
    return list(read(as_file(content), key))


class Blocks:
    """A file made of blocks, as many as asked for."""

    def __init__(self, *blocks):
        self._blocks = chain(*blocks)

    def read(self, _size):
        return next(self._blocks, b"")


def test_bomb_of_entities_is_refused_at_its_document_type():
    with pytest.raises(SeedFileError, match="document type") as caught:
        read_all(BOMB)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE KeyContainer SYSTEM "http://example.com/pskc.dtd">',
        '<!DOCTYPE KeyContainer [<!ENTITY secret SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE KeyContainer [<!ENTITY % more SYSTEM "http://example.com/more"> %more;]>',
        "<!DOCTYPE KeyContainer>",
    ],
)
def test_document_type_is_refused_whatever_it_says(declaration):
    document = container(key_package(issuer="&secret;")).replace("\n", f"\n{declaration}\n", 1)
    with pytest.raises(SeedFileError, match="document type"):
        read_all(document)


def test_entity_that_nobody_declared_is_refused():
    with pytest.raises(SeedFileError, match="undefined entity"):
        read_all(container(key_package(issuer="&secret;")))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no element found"),
        (b"PK\x03\x04\x14\0\0\0", "not well-formed"),
        (b"upn,serial number,secret key\r\n", "syntax error|not well-formed"),
        (b"<KeyContainer>\0</KeyContainer>", "not well-formed"),
        (b"<KeyContainer></KeyContainer><more/>", "junk after"),
        (b"<Envelope/>", "Envelope"),
        (b"<SecretContainer/>", "SecretContainer"),
        (b'<?xml version="1.0" encoding="klingon"?><KeyContainer/>', "encoding"),
        (b'<?xml version="1.0" encoding="big5"?><KeyContainer/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><KeyContainer/>', "encoding"),
    ],
)
def test_what_is_no_pskc_is_refused(content, problem):
    with pytest.raises(SeedFileError, match=problem):
        read_all(content)


def test_half_a_file_gives_what_stood_before_and_is_refused():
    content = DOCUMENTS["rfc6030-figure10"]
    rows = read(as_file(content[: len(content) // 2]))
    with pytest.raises(SeedFileError) as caught:
        list(rows)
    assert caught.value.line > 1


def test_every_cut_through_a_file_is_refused():
    content = DOCUMENTS["rfc6030-figure5"].rstrip()
    for length in range(0, len(content), 97):
        with pytest.raises(SeedFileError):
            read_all(content[:length])


def test_utf_16_is_read():
    text = DOCUMENTS["mixed"].decode().replace("UTF-8", "UTF-16")
    assert len(read_all(text.encode("utf-16"))) == len(read_all(DOCUMENTS["mixed"]))


def test_elements_stand_only_so_deep_in_each_other():
    deep = "<a>" * pskc_xml.MAX_DEPTH + "</a>" * pskc_xml.MAX_DEPTH
    with pytest.raises(SeedFileError, match="deep"):
        read_all(container(deep))


def peak_bytes(file):
    """The most memory that reading a file takes until it is refused."""
    tracemalloc.start()
    with contextlib.suppress(SeedFileError):
        for _ in read(file):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "beginning",
    [
        b"<KeyContainer><KeyPackage><Key>",
        b"<KeyContainer>",
        b"<KeyContainer><KeyPackage a='",
        b"<KeyContainer><!--",
        b"<",
    ],
)
def test_element_that_never_ends_is_refused_in_little_memory(beginning):
    endless = Endless(b"A" * 65_536)
    with pytest.raises(SeedFileError):
        list(read(Blocks([beginning], iter(lambda: endless.read(65_536), None))))
    assert endless.given_bytes < 2 * pskc_xml.MAX_CHILD_BYTES
    assert peak_bytes(Blocks([beginning], repeat(b"A" * 65_536))) < 32_000_000


def test_many_small_elements_take_little_memory():
    assert peak_bytes(Blocks([b"<KeyContainer><KeyPackage>"], repeat(b"<a/>" * 16_384))) < 64_000_000


def test_file_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(pskc_xml, "MAX_FILE_BYTES", 1_000_000)
    package = key_package().encode()
    with pytest.raises(SeedFileError, match="more than 1000000 bytes"):
        list(read(Blocks([b"<KeyContainer>"], repeat(package * 60))))


def test_memory_does_not_depend_on_the_number_of_keys():
    package = key_package().encode()
    few, many = (
        peak_bytes(Blocks([b"<KeyContainer>"], repeat(package * 50, count), [b"</KeyContainer>"]))
        for count in (4, 40)
    )
    assert many < few + 500_000


PIECES = [
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#x10FFFF;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml?>",
    b"<Secret>", b"</Secret>", b"<Value>", b"<Data Name='Time'>", b"<PlainValue>", b"<EncryptedValue/>", b"<ValueMAC/>",
    b"-1", b"9" * 5000, b"1_0", "\u0661".encode(), b"=", b"\0", b"\xff", b"'", b'"', b">", b"/", b"1e5", b"true",
    b"<IV>AA==</IV>", b"<StartDate>0</StartDate>", b"<PINPolicy PINKeyId='1' MinLength='x'/>", b"pbkdf2", b"#kw-aes128",
    b"<MACKey/>", b"<KeyPackage>", b"</KeyPackage>", b"<!-- -->", b"<KeyUsage/>", b"<EncryptionKey Algorithm='pbe-x'/>",
]  # fmt: skip


@st.composite
def broken_documents(draw):
    """A sample with pieces put into it, taken out of it or moved about in it."""
    content = bytearray(draw(st.sampled_from(list(DOCUMENTS.values()))))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = draw(st.integers(begin, min(len(content), begin + draw(st.sampled_from([0, 3, 40, 400])))))
        moved = bytes(content[begin:end])
        content[begin:end] = draw(st.sampled_from(PIECES) | st.binary(max_size=5))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(content)))
            content[at:at] = moved
    return bytes(content)


@st.composite
def other_values(draw):
    """A sample that stays well-formed, with other texts and attributes in it."""
    content = DOCUMENTS[draw(st.sampled_from(list(DOCUMENTS)))].decode()
    texts = st.sampled_from(
        ["", " ", "-1", "9" * 400, "1_0", "\u0661", "=", "AAAA", "x", "true", "\u202e", "A" * 3000, "NaN"]
    )
    for _ in range(draw(st.integers(1, 4))):
        places = [
            at + 1
            for at, character in enumerate(content)
            if character in '>"' and content[at + 1 : at + 2] not in "<\n/> "
        ]
        begin = draw(st.sampled_from(places))
        end = min((at for at in (content.find(c, begin) for c in '<"') if at >= 0), default=begin)
        if not set(content[begin:end]) & set("<>=?"):
            content = content[:begin] + draw(texts) + content[end:]
    return content.encode()


@given(
    content=broken_documents() | other_values() | st.binary(max_size=200),
    key=st.sampled_from([None, FIGURE_6_KEY, FIGURE_7_PASSPHRASE]),
)
def test_any_document_gives_rows_or_is_refused(content, key):
    with contextlib.suppress(SeedFileError):
        for row in read(as_file(content), key):
            assert isinstance(row.content, Credential | Flaw)
            assert row.line >= 1


def test_sample_is_read_from_where_the_file_stands():
    file = sample("rfc6030-figure3.pskcxml")
    file.seek(len(b'<?xml version="1.0" encoding="UTF-8"?>\n'))
    assert len(list(read(file))) == 1
