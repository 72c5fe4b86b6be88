"""TLS by certificate and key: what is wrong with them is said."""

import ssl

import pytest

from keyfob_verifier.api.tls import tls_context
from keyfob_verifier.edge_errors import (
    TlsFileError,
    TlsKeyEncryptedError,
    TlsKeyExposedError,
    TlsMismatchError,
)
from tls_samples import write_certificate, write_key


@pytest.fixture
def files(tmp_path):
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    write_certificate(certificate, write_key(key))
    return certificate, key


def test_no_older_tls_than_1_2(files):
    assert tls_context(*files).minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_key_may_be_its_owners_and_its_groups(files, mode):
    files[1].chmod(mode)
    assert isinstance(tls_context(*files), ssl.SSLContext)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o620, 0o610, 0o601])
def test_key_that_others_can_reach_is_refused(files, mode):
    files[1].chmod(mode)
    with pytest.raises(TlsKeyExposedError, match=f"{mode:04o}") as refused:
        tls_context(*files)
    assert refused.value.path == files[1]


def test_key_of_another_certificate_is_named(files, tmp_path):
    other = tmp_path / "other.key"
    write_key(other)
    with pytest.raises(TlsMismatchError, match=r"other\.key"):
        tls_context(files[0], other)


def test_encrypted_key_does_not_ask_for_its_passphrase(files, tmp_path):
    sealed = tmp_path / "sealed.key"
    write_key(sealed, passphrase=b"sesame")
    with pytest.raises(TlsKeyEncryptedError):
        tls_context(files[0], sealed)


@pytest.mark.parametrize("which", [0, 1])
def test_missing_file_and_directory_are_named(files, tmp_path, which):
    for path, reason in ((tmp_path / "gone", "No such file"), (tmp_path, "directory")):
        named = list(files)
        named[which] = path
        with pytest.raises(TlsFileError, match=reason) as refused:
            tls_context(*named)
        assert refused.value.path == path


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_file_that_is_something_else_is_named(files, which, content):
    files[which].write_bytes(content)
    with pytest.raises(TlsFileError) as refused:
        tls_context(*files)
    assert refused.value.path == files[which]


def test_certificate_in_place_of_the_key_is_named(files):
    files[1].write_bytes(files[0].read_bytes())
    with pytest.raises(TlsFileError, match="no private key"):
        tls_context(*files)
