"""How long `import keyfob` takes: interpreter runs with and without it, interleaved.

Usage: python benchmarks/import_time.py [RUNS]
"""

import statistics
import subprocess
import sys
import time

AIM_MS = 50.0


def run_ms(program: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return (time.perf_counter() - begun) * 1000.0


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    programs = ("pass", "import keyfob")
    for program in programs:
        run_ms(program)
    pairs = [tuple(run_ms(program) for program in programs) for _ in range(runs)]
    bare, loaded = (statistics.median(times) for times in zip(*pairs, strict=True))
    added = [loaded - bare for bare, loaded in pairs]
    print(f"python -c pass             {bare:6.1f} ms")
    print(f"python -c 'import keyfob'  {loaded:6.1f} ms")
    print(f"import keyfob              {statistics.median(added):6.1f} ms, fastest {min(added):.1f} ms")
    print(f"medians of {runs} interleaved pairs; the aim is below {AIM_MS:.0f} ms on an idle machine")


if __name__ == "__main__":
    main()
