import base64
import codecs
import sys

import pytest

from keyfob.errors import MissingExtraError
from keyfob.formats.detection import FORMATS, detect
from keyfob.formats.rows import Credential, SeedFileError
from seed_files import RFC_SECRET, as_file, sample

HEX, BASE32 = RFC_SECRET.hex(), base64.b32encode(RFC_SECRET).decode()
SAMPLES = {
    "entra.csv": "entra",
    "entra-bom.csv": "entra",
    "entra-utf16.csv": "entra",
    "feitian.txt": "feitian",
    "token2.csv": "token2",
    "yubico-traditional.csv": "yubico",
    "yubico.csv": "yubico",
    "privacyidea.csv": "privacyidea",
    "privacyidea-users.csv": "privacyidea",
    "users.oath": "oath",
    "uris.txt": "uris",
    "fleet.csv": "fleet",
}


@pytest.mark.parametrize(("name", "wanted"), SAMPLES.items())
def test_format_is_told_by_content_and_reads_the_file(name, wanted):
    file = sample(name)
    assert detect(file) == wanted
    assert file.tell() == 0
    assert isinstance(next(iter(FORMATS[wanted](file))).content, Credential)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('<?xml version="1.0"?>\n<KeyContainer/>', "pskc"),
        (codecs.BOM_UTF16_LE + '<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16-le"), "pskc"),
        ("\n\n  <pskc:KeyContainer>", "pskc"),
        (f"# ours\nA,{HEX},hotp\n", "privacyidea"),
        (f"A;{HEX};TOTP;6;30\n", "privacyidea"),
        (f"HOTP/T30/6 alice - {HEX}\n", "oath"),
        (f"upn,serial number,secret key\n,1,{BASE32}\n", "entra"),
        ("Challenge-Response: HMAC-SHA1,1.1.13\n", "yubico"),
    ],
)
def test_other_signs_of_a_format_are_known(text, wanted):
    assert detect(as_file(text)) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"A,{HEX}\n", "2 columns whose meaning it does not tell"),
        (f"A,{HEX},30\n", "3 columns whose meaning"),
        (f"serial,secret\nA,{HEX}\n", "2 columns whose meaning"),
        (f"{HEX}\n", "no known format"),
        ("# nothing\n\n", "no token"),
        ("", "empty"),
        (b"PK\x03\x04", "zip"),
        ('"', "quotes"),
    ],
)
def test_what_is_not_told_is_never_guessed(text, said):
    with pytest.raises(SeedFileError, match=said) as caught:
        detect(as_file(text))
    assert HEX not in str(caught.value)


def test_detection_leaves_a_file_where_it_stood():
    file = as_file("elsewhere\n" + "#\n" * 5 + f"otpauth://totp/a?secret={BASE32}")
    file.seek(10)
    assert detect(file) == "uris"
    assert file.tell() == 10
    file.seek(0)
    with pytest.raises(SeedFileError):
        detect(file)
    assert file.tell() == 0


def test_pskc_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "keyfob.formats.pskc", raising=False)
    monkeypatch.setitem(sys.modules, "pskc", None)
    with pytest.raises(MissingExtraError, match=r"keyfob\[formats\]"):
        FORMATS["pskc"](sample("mixed.pskcxml"))
