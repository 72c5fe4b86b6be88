"""What benchmarks measure: figures, each with a ratio to a reference that was timed in turns with it."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from textwrap import fill

import pyperf
from rich import box
from rich.console import Console
from rich.table import Table

NAME_COLUMNS = 42


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        section: what was done.
        way: by what.
        value: how much of `unit`.
        ratio: how many times as good as the reference; None where there is none.
        reference: the way that the ratio is to.
        aim: the ratio or value that keyfob wants; None where it wants none.
    """

    section: str
    way: str
    value: float
    unit: str
    ratio: float | None = None
    reference: str = ""
    aim: str = ""


def machine() -> dict[str, str]:
    """What the figures were measured on, as pyperf finds it out."""
    found = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    wanted = ("cpu_model_name", "cpu_count", "cpu_freq", "load_avg_1min", "python_version", "platform")
    described = {name: str(found[name]) for name in wanted if name in found}
    return {"architecture": platform.machine()} | described


def show(figures: Iterable[Figure], console: Console) -> None:
    """Prints a table for each section."""
    for section, rows in groupby(figures, key=lambda figure: figure.section):
        table = Table(title=section, title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column("way")
        for heading in ("measured", "ratio", "aim"):
            table.add_column(heading, justify="right", no_wrap=True)
        for figure in rows:
            table.add_row(*_cells(figure))
        console.print(table)


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """Writes the figures and what they were measured on."""
    document = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(document, indent=2) + "\n")


def write_plot(figures: Sequence[Figure], path: Path) -> None:
    """Draws every ratio as a bar, a panel for each section, with a line where the reference is."""
    import matplotlib as mpl  # noqa: PLC0415  slow to load, and only drawn with

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    rows = [figure for figure in figures if figure.ratio is not None]
    sections = [(section, list(group)) for section, group in groupby(rows, key=lambda figure: figure.section)]
    heights = [len(group) + 1.4 for _, group in sections]
    drawing, panels = plt.subplots(
        len(sections),
        1,
        figsize=(10, 0.36 * sum(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for panel, (section, group) in zip(panels[:, 0], sections, strict=True):
        names = [fill(figure.way, NAME_COLUMNS) for figure in group]
        ratios = [figure.ratio or 0.0 for figure in group]
        bars = panel.barh(names, ratios, color="#3b75af", height=0.65)
        panel.bar_label(bars, [f"{ratio:.3g}" for ratio in ratios], padding=3)
        panel.axvline(1.0, color="black", linewidth=0.8)
        panel.invert_yaxis()
        panel.margins(x=0.1)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_title(f"{section} (× {group[0].reference})", loc="left", fontsize=10)
    drawing.savefig(path, dpi=80)
    plt.close(drawing)


def markdown(figures: Sequence[Figure], date: str) -> str:
    """The figures as Markdown tables, under a line that describes the machine."""
    described = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine().items())
    lines = [f"Measured on {date}: {described}.", ""]
    for section, rows in groupby(figures, key=lambda figure: figure.section):
        lines += [f"**{section}**", "", "| way | measured | ratio | aim |", "| --- | ---: | ---: | ---: |"]
        lines += [f"| {' | '.join(_cells(figure))} |" for figure in rows]
        lines.append("")
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.3g} × {figure.reference}"
    return figure.way, f"{figure.value:,.4g} {figure.unit}", ratio, figure.aim
