"""What every reader returns: named columns of cells; and what single cells and column names mean."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from tuner.data.text_dataset import Split
from tuner.formatting import shown


@dataclass(frozen=True)
class RawTable:
    """Columns of equal length as a file gave them.

    `columns` maps a name to its cells in row order: text, numbers, truth values, or None where a cell is missing.
    `notes` are whole sentences about the reading that the user should hear. `origin` names the file for messages.
    `format`, `encoding` and `delimiter` say how it was read; `left_out` counts the rows that are not in the columns, by
    the reason. `split` names the column with the part that each row was given to by where it lies, None where no place
    says that. `sources` are the names of the files and the rows of each, in order; none where `origin` is the one file.
    """

    columns: dict[str, list[object]]
    origin: str
    notes: tuple[str, ...] = ()
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    split: str | None = None
    sources: tuple[tuple[str, int], ...] = ()


def unique_names(names: Iterable[str]) -> list[str]:
    """Return stripped names without blanks or repeats: "" becomes "column_3", a second "text" becomes "text_2"."""
    taken: set[str] = set()
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        base = name.strip() or f"column_{position}"
        unique, copy = base, 1
        while unique in taken:
            copy += 1
            unique = f"{base}_{copy}"
        taken.add(unique)
        result.append(unique)
    return result


# What a cell can hold that is neither text nor label.
NO_VALUES = (list, dict, tuple, bytes)
_PARTS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "validation": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "val": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "development": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
}


def part_of(name: str) -> Split | None:
    """Return the part of a split that `name` means ("train", "Valid", "DEV" ...), None where it means none."""
    return _PARTS.get(name.strip().lower())


def label_of(cell: object) -> str | None:
    """Return a cell as a label: stripped text, whole numbers as integers, True or False; None where it is missing.

    A list of one is the label that stands in it, an empty one is missing.
    """
    if isinstance(cell, (list, tuple)) and len(cell) < 2:
        return label_of(cell[0]) if cell else None
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, NO_VALUES):
        return shown(type(cell))  # never a label: `text_of` and the checks on labels name the type
    return str(cell).strip() or None


def joined_words(cell: object) -> object:
    """Return a list of words as the text that they make, joined by blanks; any other cell as it is."""
    return " ".join(cell) if isinstance(cell, list) and all(isinstance(word, str) for word in cell) else cell


def text_of(cell: object) -> str | None:
    """Return a cell as a text, unchanged where it is a string, joined where it is words; None where missing or blank."""
    cell = joined_words(cell)
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return label_of(cell)


TEXT_NAMES = (
    "text", "review", "sentence", "tweet", "content", "comment", "question", "body", "message", "review_text",
    "review_body", "reviewtext", "sms", "email", "utterance", "query", "post", "document", "phrase", "description",
    "abstract", "headline", "title", "summary",
)  # fmt: skip
LABEL_NAMES = (
    "label", "sentiment", "class", "category", "target", "polarity", "airline_sentiment", "coarse_label",
    "label_coarse", "labels", "intent", "topic", "emotion", "stars", "rating", "score", "fine_label", "label_fine",
    "tag", "tags", "genre", "department", "product", "spam",
)  # fmt: skip
# "review_id" holds no review, and "label_confidence" no label.
_ABOUT = ("id", "ids", "length", "count", "confidence", "gold", "url", "date", "author")
SPLIT_NAMES = ("split", "partition", "subset", "fold", "set")


def normal(name: str) -> str:
    """Return a column name in lower case with underscores: "Coarse Label" and "coarse-label" are the same."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").replace(".", " ").split())


def is_known_name(name: str) -> bool:
    """Tell whether `name` is a usual name for a text, label or split column."""
    return normal(name) in TEXT_NAMES + LABEL_NAMES + SPLIT_NAMES


def preferred(names: list[str], wanted: tuple[str, ...]) -> list[str]:
    """Return those of `names` that are usual, the most usual first.

    Whole names come before names that only hold a usual word ("clean_text"); among equals the file's order decides.
    """
    whole = [(wanted.index(normal(name)), place, name) for place, name in enumerate(names) if normal(name) in wanted]
    partly = []
    for place, name in enumerate(names):
        words = normal(name).split("_")
        ranks = [wanted.index(word) for word in words if word in wanted]
        if ranks and normal(name) not in wanted and words[-1] not in _ABOUT:
            partly.append((min(ranks), place, name))
    return [name for _, _, name in sorted(whole) + sorted(partly)]
