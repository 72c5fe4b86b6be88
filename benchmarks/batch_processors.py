"""The kernel as lesser processors would run it: compiled for fewer vector instructions, in a process of its own."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

PROCESSORS = {"AVX2 (Haswell)": "haswell", "SSE4 (Nehalem), as wide as NEON": "nehalem"}
"""What LLVM calls them."""


def lesser_rates() -> dict[str, dict[str, float]]:
    """Codes a second of the kernel and of a loop over `hmac.digest`, by processor and way; nothing where it isn't x86."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return {}
    return {processor: _rates_on(llvm_name) for processor, llvm_name in PROCESSORS.items()}


def _rates_on(llvm_name: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__))],
        env=os.environ | {"NUMBA_CPU_NAME": llvm_name, "NUMBA_CPU_FEATURES": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


def main() -> None:
    from batch_rounds import best_rates  # noqa: PLC0415  these load Numba, which then reads its settings
    from batch_ways import KERNEL, LOOP, Batch, code_ways  # noqa: PLC0415

    from keyfob.parameters import Algorithm  # noqa: PLC0415

    found = {}
    for algorithm in Algorithm:
        ways = [way for way in code_ways(Batch.of(algorithm)) if way.name in {KERNEL, LOOP}]
        found |= {f"{algorithm.name} {name}": rate for name, rate in best_rates(ways).items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
