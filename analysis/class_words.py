"""The words that decide for each class, as ``tuner explain --words`` measured them and keeps them in the folder of a run."""

import json
from dataclasses import dataclass

import pandas as pd

from analysis.loading import Run
from tuner.errors import InputError
from tuner.runs.folder import RunFolder

FILE = "words.json"
"""In the folder of a run."""

COLUMNS = ("label", "word", "weight", "total", "texts")


@dataclass(frozen=True, eq=False)
class ClassWords:
    """What the words of some validation texts do to the answers of a trial.

    Attributes:
        trial: its id.
        texts: how many were looked at.
        table: by class, the word that decides most first: ``label``, ``word``, ``weight`` (what the log-odds of the class lose
            without it, the mean over the texts that it is in), ``total`` (the same, the sum over these texts) and ``texts``.
    """

    trial: str
    texts: int
    table: pd.DataFrame

    def top(self, label: str, count: int) -> pd.DataFrame:
        """The words that speak most for a class."""
        return self.table[self.table["label"] == label].head(count)

    @property
    def labels(self) -> list[str]:
        """The classes."""
        return [str(label) for label in self.table["label"].unique()]


def write_class_words(folder: RunFolder, found: ClassWords) -> None:
    """Keeps them in the folder of the run; later ones take the place of earlier.

    Raises:
        InputError: where the folder cannot be written.
    """
    document = {"trial": found.trial, "texts": found.texts, "words": found.table.to_dict("records")}
    folder.keep(FILE, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def read_class_words(run: Run) -> ClassWords | None:
    """What is kept; None where it was not measured.

    Raises:
        InputError: where the file is damaged.
    """
    path = run.folder.path / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        table = pd.DataFrame(document["words"], columns=list(COLUMNS))
        return ClassWords(str(document["trial"]), int(document["texts"]), table)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path}: is damaged; remove it, and measure again with `python -m tuner explain`") from None
