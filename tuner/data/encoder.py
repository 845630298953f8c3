"""What turns a text into the ids that a model reads, and a class index into a name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import Vocabulary
from tuner.errors import InputError


@dataclass(frozen=True)
class Encoder:
    """Tokeniser, vocabulary, tokens that are read of a text, and label names."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    max_length: int
    labels: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Writes ``vocabulary.json``, ``tokenizer.json`` and ``labels.json`` into a folder."""
        self.vocabulary.save(folder / "vocabulary.json")
        _write_json(folder / "tokenizer.json", {**vars(self.tokenizer), "max_length": self.max_length})
        self.save_labels(folder)

    def save_labels(self, folder: Path) -> None:
        """Writes the label names alone."""
        _write_json(folder / "labels.json", self.labels)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what ``save`` wrote.

        Raises:
            InputError: where a file is missing or damaged.
        """
        vocabulary = Vocabulary.load(folder / "vocabulary.json")
        try:
            settings = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
            labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            # Runs of an earlier version, which read beginnings only, do not say so.
            tokenizer = Tokenizer(settings["stop_words"], settings["characters"], settings.get("truncate", "head"))
            return cls(tokenizer, vocabulary, int(settings["max_length"]), tuple(map(str, labels)))
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"{folder}: tokenizer.json or labels.json is missing or damaged; a model cannot be exported without them"
            ) from None


def _write_json(path: Path, content: Mapping[str, object] | Sequence[str]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
