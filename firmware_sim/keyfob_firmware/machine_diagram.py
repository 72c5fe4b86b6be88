"""The machine's table as a picture and as a page: `python -m keyfob_firmware.machine_diagram` prints the picture's source."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from keyfob_firmware.machine import ALL, AWAKE, REST, RESTS, STAY, TRANSITIONS, State, Transition

_HEAD = """\
digraph fob {
  rankdir=LR; nodesep=0.28; ranksep=0.9; bgcolor="white"; fontname="Helvetica";
  node [shape=box, style="rounded,filled", fillcolor="#eef2f7", color="#44546a", fontname="Helvetica", fontsize=13];
  edge [color="#44546a", fontname="Helvetica", fontsize=11, fontcolor="#222222"];
"""
_LIT = frozenset(
    {State.PIN_ENTRY, State.CHALLENGE, State.LIT, State.INFORMATION, State.SELF_TEST, State.RECOVERY}
)
_CROWDS: Mapping[frozenset[State], str] = {
    ALL: "any state",
    AWAKE: "any but shipping,\\ntampered and dead",
    AWAKE | {State.SHIPPING}: "any but\\ntampered and dead",
}
"""Sets of states that are drawn as one, so that the picture stays one."""


def as_dot() -> str:
    """The picture in Graphviz's language: an arrow from each state to each next one, with all that leads there.

    What leaves the state as it is stands in the table only.
    """
    lines = [f'  "{state}" [fillcolor="{_tone(state)}"];' for state in State]
    lines += [f'  "{name}" [shape=plaintext, style="", fontsize=12];' for name in _CROWDS.values()]
    lines.append(f'  "{REST}" [shape=diamond, style=filled, fillcolor="#fff2cc"];')
    for state in dict.fromkeys(state for _, state in RESTS):
        rules = enumerate(RESTS, start=1)
        text = "\\n".join(f"{n}. {condition or 'else'}" for n, (condition, next_) in rules if next_ is state)
        lines.append(f'  "{REST}" -> "{state}" [label="{text}", style=dashed];')
    for (source, target), labels in _arrows().items():
        text = "\\n".join(dict.fromkeys(labels))
        lines.append(f'  "{source}" -> "{target}" [label="{text}"];')
    return "\n".join([_HEAD.rstrip(), *lines, "}", ""])


def as_markdown() -> str:
    """The table as Markdown, in the order in which its rows are tried; below it where a fob comes to rest."""
    rows = [
        f"| {_crowd(t)} | {t.event} | {t.condition or ''} | {t.action or ''} | {t.next} |"
        for t in TRANSITIONS
    ]
    rests = [
        f"{number}. {condition or 'otherwise'}: {state}"
        for number, (condition, state) in enumerate(RESTS, start=1)
    ]
    head = ["| in | upon | if | does | then |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(
        [*head, *rows, "", "The state of rest is the first of these that holds:", "", *rests, ""]
    )


def _arrows() -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for transition in TRANSITIONS:
        if transition.next == STAY:
            continue
        label = f"{transition.event} [{transition.condition}]" if transition.condition else transition.event
        for source in _sources(transition):
            arrows[source, transition.next].append(label)
    return arrows


def _sources(transition: Transition) -> Iterable[str]:
    crowd = _CROWDS.get(transition.states)
    return [crowd] if crowd else [state for state in State if state in transition.states]


def _crowd(transition: Transition) -> str:
    crowd = _CROWDS.get(transition.states)
    states = (state.value for state in State if state in transition.states)
    return crowd.replace("\\n", " ") if crowd else ", ".join(states)


def _tone(state: State) -> str:
    if state in _LIT:
        return "#dcead3"
    return "#f4d9d6" if state in {State.DEAD, State.TAMPERED, State.PIN_BLOCKED} else "#eef2f7"


if __name__ == "__main__":
    print(as_dot(), end="")  # noqa: T201  that is what it is for
