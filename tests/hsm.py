"""A real PKCS#11 library for the tests: SoftHSM2, with tokens of its own."""

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from urllib.parse import quote

import pkcs11
import pytest

MODULE_PATHS = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class HsmToken:
    """A token of an HSM, and where its PIN is."""

    module_path: str
    label: str
    pin_file: Path

    def uri(self, key_label="kek", **changed):
        """The URI of one of its keys."""
        pin_source = changed.get("pin_source", f"file:{self.pin_file}")
        return (
            f"pkcs11:token={quote(changed.get('token', self.label))};object={quote(key_label)}"
            f"?module-path={quote(changed.get('module_path', self.module_path))}&pin-source={quote(pin_source)}"
        )


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory):
    """SoftHSM2, with its tokens in a directory of the session: a process reads its configuration only once."""
    found = [path for path in MODULE_PATHS if Path(path).exists()]
    if not found or which("softhsm2-util") is None:
        missing = "SoftHSM2 is missing: `make ci-setup` installs it"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(missing)
        pytest.skip(missing)
    directory = tmp_path_factory.mktemp("softhsm")
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return found[0]


@pytest.fixture
def hsm(softhsm, tmp_path):
    """A new token, with a PIN and no key."""
    label = f"keyfob tests {secrets.token_hex(4)}"
    initialise = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321"]
    subprocess.run([*initialise, "--pin", "s3same-123"], check=True, capture_output=True)
    pkcs11.lib(softhsm).reinitialize()  # it looks for tokens only as it starts
    pin_file = tmp_path / "pins" / "pin"
    pin_file.parent.mkdir(mode=0o700)
    pin_file.touch(mode=0o600)
    pin_file.write_text("s3same-123\n")
    return HsmToken(softhsm, label, pin_file)
