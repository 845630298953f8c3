"""Text files whose lines begin with their labels: fastText's and those of TREC's questions."""

import re

from tuner.data.reading.raw_table import RawTable
from tuner.errors import InputError
from tuner.formatting import counted, listed, shown

_PREFIX = "__label__"
_LABELS = re.compile(rf"((?:\s*{_PREFIX}\S+)*)\s*(.*)")


def read_fasttext(text: str, *, origin: str) -> RawTable:
    """Returns columns text and label of lines ``__label__x text``; a line without a label has none.

    Raises:
        InputError: where lines have several labels.
    """
    columns: dict[str, list[object]] = {"text": [], "label": []}
    several: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found = _LABELS.match(line)
        prefix, rest = found.groups() if found else ("", line)
        labels = prefix.replace(_PREFIX, " ").split()
        if len(labels) > 1:
            several.append((number, labels))
        columns["text"].append(rest.strip())
        columns["label"].append(labels[0] if labels else None)
    if several:
        number, labels = several[0]
        raise InputError(
            f"{origin}: {counted(len(several), 'line')} of {len(columns['text']):,} have several labels, the first line "
            f"{number:,} ({listed(labels, 4)}): one label a text is needed; keep one of them, or leave these lines out"
        )
    return RawTable(columns, origin)


def read_questions(text: str, *, origin: str) -> RawTable:
    """Returns columns text, label (coarse) and fine_label (COARSE:fine) of lines ``COARSE:fine question``.

    Raises:
        InputError: with the number of a line that is none.
    """
    columns: dict[str, list[object]] = {"text": [], "label": [], "fine_label": []}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        fine, _, question = line.strip().partition(" ")
        coarse, colon, _ = fine.partition(":")
        if not (coarse and colon and question):
            raise InputError(
                f"{origin}, line {number:,} is no `COARSE:fine question`: {shown(line)}; correct it or take it out"
            )
        for name, cell in zip(columns, (question, coarse, fine), strict=True):
            columns[name].append(cell)
    return RawTable(columns, origin)
