"""How long `import keyfob` takes: interpreter runs with and without it, in turns."""

import statistics
import subprocess
import sys
import time

from figures import Figure, show
from rich.console import Console

RUNS = 25
PROGRAMS = {"python -c pass": "pass", "python -c 'import keyfob'": "import keyfob"}
SECTION = "Starting an interpreter"


def run_ms(program: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return (time.perf_counter() - begun) * 1000.0


def figures() -> list[Figure]:
    """The bare interpreter, with keyfob, and the median difference of pairs."""
    for program in PROGRAMS.values():
        run_ms(program)
    rounds = [{name: run_ms(program) for name, program in PROGRAMS.items()} for _ in range(RUNS)]
    bare, loaded = PROGRAMS
    rows = [
        Figure(SECTION, name, statistics.median(times[name] for times in rounds), "ms") for name in PROGRAMS
    ]
    added_ms = statistics.median(times[loaded] - times[bare] for times in rounds)
    return [*rows, Figure(SECTION, "the import alone", added_ms, "ms", aim="under 50 ms")]


if __name__ == "__main__":
    show(figures(), Console())
