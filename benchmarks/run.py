"""Every benchmark that compares: tables in the terminal, results.json, results.png and the tables in README.md."""

import argparse
import importlib
from datetime import UTC, datetime
from pathlib import Path

from figures import markdown, show, write_json, write_plot
from rich.console import Console

HERE = Path(__file__).parent
BENCHMARKS = ("import_time", "fleet", "batch", "verification", "login_rate", "audit", "peers")
BEGIN, END = "<!-- figures: written by `make bench` -->\n", "<!-- end of figures -->\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("benchmarks", nargs="*", default=BENCHMARKS, help="which ones; all unless told")
    wanted = arguments.parse_args().benchmarks
    console = Console()
    figures = []
    for name in wanted:
        measured = importlib.import_module(name).figures()
        show(measured, console)
        figures += measured
    if tuple(wanted) == BENCHMARKS:
        write_json(figures, HERE / "results.json")
        write_plot(figures, HERE / "results.png")
        readme = HERE / "README.md"
        before, _, rest = readme.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        readme.write_text(
            f"{before}{BEGIN}\n{markdown(figures, f'{datetime.now(UTC):%Y-%m-%d}')}\n{END}{after}"
        )
        console.print(f"written: {HERE / 'results.json'}, results.png and README.md")


if __name__ == "__main__":
    main()
