"""PSKC documents for tests, put together from parts."""

from keyfob.formats.pskc_keys import Passphrase, PreSharedKey

SECRET = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="
"""12345678901234567890, the test seed of RFC 4226."""

FIGURE_6_KEY = PreSharedKey(bytes.fromhex("12345678901234567890123456789012"))
FIGURE_7_PASSPHRASE = Passphrase("qwerty")
NAMESPACES = (
    'xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"'
)


def container(*content, version="1.0"):
    """A document with these children."""
    return f'<?xml version="1.0"?>\n<KeyContainer Version="{version}" {NAMESPACES}>{"".join(content)}</KeyContainer>'


def key_package(serial="1234567", manufacturer=None, **parts):
    """A KeyPackage with one key."""
    device = "".join((named("Manufacturer", manufacturer), named("SerialNo", serial)))
    return f"<KeyPackage><DeviceInfo>{device}</DeviceInfo>{key_text(**parts)}</KeyPackage>"


def key_text(
    *,
    algorithm="totp",
    uri=None,
    key_id="1",
    secret=SECRET,
    data=None,
    suite=None,
    response=None,
    policy="",
    issuer=None,
    user=None,
    **values,
):
    """A Key; `values` are plain ones besides the secret, and `data` replaces all."""
    uri = f"urn:ietf:params:xml:ns:keyprov:pskc:{algorithm}" if uri is None else uri
    formats = named("Suite", suite) + (f"<ResponseFormat {response}/>" if response else "")
    if data is None:
        data = "".join(plain(name, value) for name, value in {"Secret": secret, **values}.items())
    return (
        f'<Key Id="{key_id}" Algorithm="{uri}">{named("Issuer", issuer)}'
        f"<AlgorithmParameters>{formats}</AlgorithmParameters><Data>{data}</Data>{named('UserId', user)}"
        f"<Policy>{policy}</Policy></Key>"
    )


def plain(name, value):
    return f"<{name}><PlainValue>{value}</PlainValue></{name}>"


def named(name, text):
    return "" if text is None else f"<{name}>{text}</{name}>"
