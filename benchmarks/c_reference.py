"""The C reference, compiled on the spot with the best flags that the compiler here takes."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keyfob.batch import MidStates, fips180

SOURCE = Path(__file__).with_name("reference.c")
NATIVE = "-O3 -mcpu=native" if platform.machine() in {"aarch64", "arm64"} else "-O3 -march=native"
FLAGS = (NATIVE, f"{NATIVE} -mprefer-vector-width=512")
"""Which is the best differs from processor to processor: the benchmark takes the quickest."""

Reference = Callable[[MidStates, npt.NDArray[np.uint64], npt.NDArray[np.uint32]], None]
"""Takes mid-states, as many time steps, and where to write as many codes of six digits."""


def compiler() -> str | None:
    """The C compiler's name, if there is one."""
    return next(filter(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang")), None)


def references(program: str) -> dict[str, Reference]:
    """The reference as each set of flags makes it, for those that this compiler knows."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        libraries = [Path(folder) / f"reference{place}.so" for place in range(len(FLAGS))]
        made = pool.map(lambda flags, library: _compiles(program, flags, library), FLAGS, libraries)
        return {
            flags: _reference(ctypes.CDLL(str(library)))
            for flags, library, there in zip(FLAGS, libraries, made, strict=True)
            if there
        }


def _compiles(program: str, flags: str, library: Path) -> bool:
    constants = {"K_SHA256": fips180.K_SHA256, "K_SHA512": fips180.K_SHA512}
    defined = [f"-D{name}={','.join(f'{k:#x}ull' for k in map(int, ks))}" for name, ks in constants.items()]
    command = [program, *flags.split(), *defined, "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _reference(library: ctypes.CDLL) -> Reference:
    def codes(midstates: MidStates, steps: npt.NDArray[np.uint64], shown: npt.NDArray[np.uint32]) -> None:
        function = library[f"codes_{midstates.algorithm.hash_name}"]
        function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
        function.restype = None
        function(midstates.reveal().ctypes.data, len(midstates), steps.ctypes.data, shown.ctypes.data)

    return codes
