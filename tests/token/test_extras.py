import sys

import pytest

from keyfob.errors import MissingExtraError
from keyfob.extras import needs_extra


def test_missing_package_names_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with (
        pytest.raises(MissingExtraError, match=r"pip install 'keyfob\[server\]'") as caught,
        needs_extra("server"),
    ):
        import uvicorn.config  # noqa: F401
    assert (caught.value.extra, caught.value.module) == ("server", "uvicorn")


def test_missing_part_of_keyfob_is_a_fault_and_no_extra(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match="no_such_part"), needs_extra("server"):
        import keyfob.no_such_part  # noqa: F401


def test_package_that_is_there_is_imported():
    with needs_extra("server"):
        import json
    assert json.loads("1") == 1
