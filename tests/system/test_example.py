"""The example project passes its own tests, as whoever copies it would run them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "mfa_login"


@pytest.mark.skipif(
    not shutil.which("chromium"), reason="no Chromium here; `make ci-setup` installs it as root on Debian"
)
def test_login_with_a_second_factor_works_in_a_browser(tmp_path):
    copy = shutil.copytree(EXAMPLE, tmp_path / "mfa_login", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
