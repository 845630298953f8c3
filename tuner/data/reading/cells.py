"""Single cells of a table as texts, labels and parts of a split."""

import math

from tuner.data.text_dataset import Split
from tuner.data.wording import shown

# What a cell can hold that is neither text nor label.
NO_VALUES = (list, dict, tuple, bytes)
_PARTS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "validation": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "val": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
}


def part_of(name: str) -> Split | None:
    """Return the part of a split that `name` means ("train", "Valid", "DEV" ...), None where it means none."""
    return _PARTS.get(name.strip().lower())


def label_of(cell: object) -> str | None:
    """Return a cell as a label: stripped text, whole numbers and truth values as integers; None where it is missing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, bool) or (isinstance(cell, float) and cell.is_integer()):
        return str(int(cell))
    if isinstance(cell, NO_VALUES):
        return shown(type(cell))  # never a label: `text_of` and the checks on labels name the type
    return str(cell).strip() or None


def text_of(cell: object) -> str | None:
    """Return a cell as a text, unchanged where it is a string; None where it is missing or blank."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return label_of(cell)
