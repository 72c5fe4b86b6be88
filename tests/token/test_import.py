import json
import subprocess
import sys

import pytest

HEAVY = {"numpy", "numba", "fastapi", "sqlalchemy", "pydantic", "typer", "rich", "PIL", "qrcode", "zxingcpp"}
LOADER = """
import json, sys, time
begun = time.perf_counter()
import {module}
took_ms = (time.perf_counter() - begun) * 1000
print(json.dumps([took_ms, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""


def imported_by(module):
    program = LOADER.format(module=module)
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    took_ms, modules = json.loads(finished.stdout)
    print(f"import {module}: {took_ms:.1f} ms")
    return set(modules)


@pytest.mark.parametrize("module", ["keyfob", "keyfob.uri"])
def test_the_core_is_light(module):
    modules = imported_by(module)
    assert "keyfob" in modules
    assert not modules & HEAVY


def test_what_is_heavy_would_be_noticed():
    assert {"PIL", "qrcode"} <= imported_by("keyfob.qr")
