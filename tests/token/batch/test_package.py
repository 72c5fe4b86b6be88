"""What importing, compiling and switching the compiler off do: each in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

VECTORS = """
import json, warnings
warnings.simplefilter("error")
import numpy as np
from keyfob import Algorithm
from keyfob.batch import codes, find_steps, kernel, prepare, window_matches
seeds, steps = [b"12345678901234567890", b"k" * 200], np.array([1, 2**64 - 1], np.uint64)
told = {}
for algorithm in Algorithm:
    midstates = prepare(seeds, algorithm)
    shown = codes(midstates, steps, 8)
    told[algorithm.name] = [shown.tolist(), window_matches(midstates, steps - 1, shown, 0, 1, digits=8).tolist()]
told["found"] = find_steps(seeds[0], "287082", 0, 5)
told["plain"] = not hasattr(kernel.sha1, "py_func")
print(json.dumps(told))
"""

CACHE = """
import json
from keyfob.batch import codes, kernel, prepare
codes(prepare([b"seed"]), 1)
print(json.dumps([[sum(one.stats.cache_hits.values()), sum(one.stats.cache_misses.values())]
                  for one in (kernel.hash_sha1, kernel.hotp_sha1)]))
"""


def run(program, **environment):
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_the_same_source_runs_as_plain_python():
    plain, compiled = run(VECTORS, NUMBA_DISABLE_JIT="1"), run(VECTORS)
    assert plain.pop("plain")
    assert not compiled.pop("plain")
    assert plain == compiled
    assert plain["found"] == [1]
    assert plain["SHA1"][0][0] == 94287082, "RFC 6238, appendix B, at 59 s"


def test_second_process_finds_the_code_compiled():
    run(CACHE)
    assert run(CACHE) == [[1, 0], [1, 0]]


def test_where_no_folder_can_be_written_the_kernel_still_compiles():
    program = """
import json
from keyfob.batch import kernel
print(json.dumps(kernel.hotp_sha1._cache.cache_path is None))
"""
    assert run(program, NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator", NUMBA_CACHE_DIR="")
    assert not run(program)


@pytest.mark.parametrize("missing", ["numpy", "numba"])
@pytest.mark.parametrize("module", ["keyfob.batch", "keyfob.batch.progress"])
def test_without_its_extra_the_package_says_which_to_install(missing, module):
    program = f"""
import json, sys
sys.modules[{missing!r}] = None
from keyfob.errors import MissingExtraError
try:
    import {module}
except MissingExtraError as error:
    print(json.dumps([error.extra, error.module]))
"""
    assert run(program) == ["fleet", missing]
