"""Pretrained word vectors, aligned to a vocabulary: a row an id, so that a smaller vocabulary takes the first rows."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tuner.data.vector_files import read_vector_file
from tuner.data.vocabulary import FIRST_WORD_ID, Vocabulary
from tuner.errors import InputError

FILE: Final = "vectors.npy"
"""What the table is called in an encoder folder."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors for every id of a vocabulary.

    Attributes:
        table: float32 [ids, width].
        found: words of the vocabulary that the file has.
        type_coverage: share of the vocabulary's words that the file has.
        token_coverage: share of the running training words that the file has.
    """

    table: NDArray[np.float32]
    found: int
    type_coverage: float
    token_coverage: float

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the table."""
        return hashlib.sha256(np.ascontiguousarray(self.table).tobytes()).hexdigest()


def read_word_vectors(path: Path, vocabulary: Vocabulary, *, seed: int) -> WordVectors:
    """The vectors of a file for a vocabulary, matched letter by letter.

    Words without a vector, and the id of unknown words, get random ones, normally distributed with the mean and spread that the
    found ones have in each number; padding gets zeros.

    Args:
        path: GloVe text, word2vec text or binary, each also with gzip.
        vocabulary: the words.
        seed: decides the random vectors, non-negative.

    Raises:
        InputError: where the file is faulty or has none of the words.
    """
    ids = vocabulary.ids
    content = read_vector_file(path, ids)
    if not content.vectors:
        raise InputError(
            f"{path}: has none of the {len(vocabulary.words):,} words of the training texts, of which the most frequent is "
            f"{vocabulary.words[0]!r}; give vectors of their language, in lower case"
        )
    rows = np.array([ids[word] for word in content.vectors])
    known = np.stack(list(content.vectors.values()))
    if not np.isfinite(known).all():
        raise InputError(f"{path}: has vectors with infinite numbers or none (nan); give another file")
    generator = np.random.default_rng(seed)
    table = generator.normal(known.mean(0), known.std(0), (vocabulary.size, content.width)).astype(np.float32)
    table[rows] = known
    table[0] = 0.0
    running = sum(vocabulary.counts[row - FIRST_WORD_ID] for row in rows)
    return WordVectors(table, len(rows), len(rows) / len(vocabulary.words), running / vocabulary.total_tokens)


def save_vectors(folder: Path, table: NDArray[np.float32]) -> None:
    """Writes the table beside the vocabulary that its rows belong to."""
    np.save(folder / FILE, table, allow_pickle=False)


def load_vectors(folder: Path) -> NDArray[np.float32]:
    """Reads what ``save_vectors`` wrote.

    Raises:
        InputError: where it is missing or damaged.
    """
    path = folder / FILE
    try:
        table: NDArray[np.float32] = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError(
            f"{path}: is missing or damaged, and the network reads these word vectors; restore it"
        ) from None
    return table
