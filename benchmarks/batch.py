"""Codes by the million: the batch kernel beside other ways to make codes, and beside what the processor could do."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from batch_limit import PER_CYCLE, hot_loop
from batch_memory import footprint
from batch_processors import lesser_rates
from batch_rounds import ROUNDS, best_rates
from batch_ways import (
    ALL_CORES,
    CLOCK,
    CRYPTOGRAPHY,
    KERNEL,
    LOOP,
    ONE_CALL,
    PACKED,
    PLAIN_SEARCH,
    PYOTP,
    UNSHARED,
    Batch,
    c_ways,
    code_ways,
    search_ways,
    seed_ways,
)
from c_reference import compiler, references
from figures import Figure, show, write_json
from rich.console import Console

from keyfob.batch.chunks import cores
from keyfob.parameters import Algorithm

TIMES_LOOP = {Algorithm.SHA1: 100, Algorithm.SHA256: 50, Algorithm.SHA512: 25}
TIMES_C = {Algorithm.SHA1: 0.9, Algorithm.SHA256: 1.0, Algorithm.SHA512: 1.0}
"""What a core with AVX-512 is to reach; with less it has no aim."""

SEARCHES = (2_000, 100_000)
SIZES = (1, 1_000, 1_000_000, 3_000_000, 10_000_000)
MEMORY_SIZES = SIZES[2:]
BYTES_ALLOWED = 64


def figures() -> list[Figure]:
    """Codes on one core and on all, seeds, searches, the processor's limit, lesser processors, memory; about three minutes."""
    program = compiler()
    in_c = references(program) if program else {}
    rates, seeds = {}, []
    for algorithm in Algorithm:
        batch = Batch.of(algorithm)
        rates[algorithm] = best_rates([*code_ways(batch), *c_ways(batch, in_c)])
        seeds += _seeds(algorithm, best_rates(seed_ways(batch), ROUNDS // 2))
    best_c = {algorithm: max(in_c, key=rates[algorithm].__getitem__) for algorithm in Algorithm if in_c}
    return [
        *(figure for algorithm in Algorithm for figure in _codes(algorithm, rates[algorithm])),
        *_beside_c(rates, best_c),
        *_one_call(rates),
        *(_all_cores(rates) if cores() > 1 else ()),
        *seeds,
        *(figure for count in SEARCHES for figure in _search(count)),
        *_limit(rates),
        *_lesser_processors(),
        *_growth(),
    ]


Rates = Mapping[Algorithm, Mapping[str, float]]


def _codes(algorithm: Algorithm, rates: Mapping[str, float]) -> list[Figure]:
    section = f"Codes with {algorithm.name}, one core"
    aims = {KERNEL: f"{TIMES_LOOP[algorithm]} ×"}
    return [
        Figure(section, way, rates[way] / 1e6, "M/s", rates[way] / rates[LOOP], LOOP, aims.get(way, ""))
        for way in (KERNEL, ONE_CALL, LOOP, CRYPTOGRAPHY, PYOTP)
    ]


def _beside_c(rates: Rates, best_c: Mapping[Algorithm, str]) -> list[Figure]:
    section = "The batch kernel beside the same loop in C"
    if not best_c:
        return [Figure(section, "left out: there is no C compiler (CC, cc, gcc, clang)", 0.0, "M/s")]
    found = []
    for algorithm, flags in best_c.items():
        ours, theirs = rates[algorithm][KERNEL], rates[algorithm][flags]
        aim = f"{TIMES_C[algorithm]} ×"
        found += [
            Figure(section, f"{algorithm.name}: the kernel", ours / 1e6, "M/s", ours / theirs, "C", aim),
            Figure(section, f"{algorithm.name}: C, {flags}", theirs / 1e6, "M/s", 1.0, "C"),
        ]
    return found


def _one_call(rates: Rates) -> list[Figure]:
    return [
        Figure(
            "A million pairs in one call",
            algorithm.name,
            found[ONE_CALL] / 1e6,
            "M/s",
            found[ONE_CALL] / found[KERNEL],
            "a cached block",
            "0.9 ×",
        )
        for algorithm, found in rates.items()
    ]


def _all_cores(rates: Rates) -> list[Figure]:
    section, found = f"Codes on {cores()} cores", []
    for algorithm, measured in rates.items():
        for way, one, aim in ((ALL_CORES, ONE_CALL, f"{0.95 * cores():.2g} ×"), (UNSHARED, KERNEL, "")):
            ratio = measured[way] / measured[one]
            found.append(
                Figure(
                    section, f"{algorithm.name}: {way}", measured[way] / 1e6, "M/s", ratio, "one core", aim
                )
            )
    return found


def _seeds(algorithm: Algorithm, rates: Mapping[str, float]) -> list[Figure]:
    return [
        Figure(
            "Seeds prepared",
            f"{algorithm.name}: {way}",
            rate / 1e6,
            "M/s",
            aim="5 M/s" if way == PACKED else "",
        )
        for way, rate in rates.items()
    ]


def _search(count: int) -> list[Figure]:
    rates = best_rates(search_ways(count), ROUNDS // 2)
    section = f"Searching {count:,} time steps for a code"
    return [
        Figure(section, way, 1e3 * count / rate, "ms", rate / rates[PLAIN_SEARCH], PLAIN_SEARCH)
        for way, rate in rates.items()
    ]


def _limit(rates: Rates) -> list[Figure]:
    """The share of the cycles that vector units at work all the time would need; none where it isn't x86."""
    found = []
    for algorithm, measured in rates.items():
        if loop := hot_loop(algorithm):
            cycles = measured[CLOCK] / measured[KERNEL]
            work = f"{loop.operations} operations on {loop.lanes} lanes at {measured[CLOCK] / 1e9:.2f} GHz"
            section = f"Cycles for a code, beside {PER_CYCLE[loop.register_bits]} vector operations in each"
            share = loop.least_cycles / cycles
            found.append(Figure(section, f"{algorithm.name}: {work}", cycles, "cycles", share, "the limit"))
    return found


def _lesser_processors() -> list[Figure]:
    return [
        Figure(
            f"The kernel compiled for less: {processor}",
            algorithm.name,
            rates[f"{algorithm.name} {KERNEL}"] / 1e6,
            "M/s",
            rates[f"{algorithm.name} {KERNEL}"] / rates[f"{algorithm.name} {LOOP}"],
            LOOP,
        )
        for processor, rates in lesser_rates().items()
        for algorithm in Algorithm
    ]


def _growth() -> list[Figure]:
    times, memory = [], []
    for size in SIZES:
        found, way = footprint(size), f"{size:,} pairs" if size > 1 else "1 pair"
        times.append(Figure("How time grows, SHA-1", way, 1e9 * found.seconds / size, "ns a pair"))
        for kind, peak in (("allocated", found.traced_bytes), ("resident", found.resident_bytes)):
            if peak is not None and size in MEMORY_SIZES:
                section = "How memory grows beyond input and output, SHA-1"
                aim = f"at most {BYTES_ALLOWED}"
                memory.append(Figure(section, f"{way}, {kind}", peak / size, "bytes a pair", aim=aim))
    return times + memory


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, metavar="PATH", help="write the figures there, too")
    path = arguments.parse_args().json
    console = Console()
    with console.status("measuring for about three minutes …"):
        found = figures()
    show(found, console)
    if path:
        write_json(found, path)


if __name__ == "__main__":
    main()
