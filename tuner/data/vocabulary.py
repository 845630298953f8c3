"""Words and their ids, which are frequency ranks: in a smaller vocabulary the ids beyond its size are unknown words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tuner.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING_ID: Final = 0
UNKNOWN_ID: Final = 1
FIRST_WORD_ID: Final = 2

DEFAULT_MIN_FREQ: Final = 2
DEFAULT_MAX_TOKENS: Final = 50_000


@dataclass(frozen=True)
class Vocabulary:
    """Known words, the most frequent first.

    Id 0 is padding, 1 any unknown word, 2 the most frequent word, 3 the next one, and so on.

    Attributes:
        words: Known words by falling frequency, equally frequent ones in alphabetical order (of code points).
        counts: How often each of them runs in the training texts.
        total_tokens: Running tokens of the training texts, unknown ones included.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    total_tokens: int

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], *, min_freq: int = DEFAULT_MIN_FREQ, max_tokens: int = DEFAULT_MAX_TOKENS
    ) -> Self:
        """The vocabulary of training texts in which each word runs so many times.

        Args:
            counts: by word.
            min_freq: Words that run less often than this are unknown. Default 2.
            max_tokens: Greatest ``size``, padding and unknown included. Default 50,000.

        Raises:
            InputError: ``min_freq`` is below 1 or ``max_tokens`` below 3.
        """
        if min_freq < 1:
            raise InputError("must be at least 1, which keeps every word", option="min_freq", value=min_freq)
        if max_tokens <= FIRST_WORD_ID:
            raise InputError("must be at least 3; use 1000 or more", option="max_tokens", value=max_tokens)
        ranked = sorted((-count, word) for word, count in counts.items() if count >= min_freq)
        kept = ranked[: max_tokens - FIRST_WORD_ID]
        return cls(tuple(word for _, word in kept), tuple(-negative for negative, _ in kept), sum(counts.values()))

    @property
    def size(self) -> int:
        """Number of ids, padding and unknown included: the rows of an embedding."""
        return len(self.words) + FIRST_WORD_ID

    def cut(self, size: int) -> "Vocabulary":
        """The vocabulary of the first ``size`` ids (this one, if it is not larger)."""
        known = max(size - FIRST_WORD_ID, 0)
        return Vocabulary(self.words[:known], self.counts[:known], self.total_tokens)

    def ordered(self, order: "NDArray[np.int32]") -> "Vocabulary":
        """The same words where each id is a place in ``order``, which holds every id once, padding and unknown first."""
        ranks = (order[FIRST_WORD_ID:] - FIRST_WORD_ID).tolist()
        words, counts = (tuple(column[rank] for rank in ranks) for column in (self.words, self.counts))
        return replace(self, words=words, counts=counts)

    def coverage(self, size: int | None = None) -> float:
        """Share (0 to 1) of the running training tokens that are known at ``size`` ids; by default at the full size."""
        if not self.total_tokens:
            return 0.0
        return sum((self if size is None else self.cut(size)).counts) / self.total_tokens

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each known word."""
        return {word: rank for rank, word in enumerate(self.words, start=FIRST_WORD_ID)}

    def save(self, path: Path) -> None:
        """Writes a JSON file, a word a line. A reader never sees half of it."""
        pairs = zip(self.words, self.counts, strict=True)
        rows = ",\n".join(json.dumps(pair, ensure_ascii=False) for pair in pairs)
        text = f'{{"total_tokens": {self.total_tokens}, "words_and_counts": [\n{rows}\n]}}\n'
        temporary = path.with_name(path.name + ".new")
        # Half of a surrogate pair is no UTF-8, but a word of somebody's own tokeniser may hold one.
        temporary.write_text(text, encoding="utf-8", errors="surrogatepass", newline="\n")
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what ``save`` wrote.

        Raises:
            InputError: The file is missing or is no vocabulary.
        """
        try:
            content = json.loads(path.read_bytes().decode("utf-8", errors="surrogatepass"))
            rows = content["words_and_counts"]
            words, counts = tuple(str(word) for word, _ in rows), tuple(int(count) for _, count in rows)
            return cls(words, counts, int(content["total_tokens"]))
        except FileNotFoundError:
            raise InputError(f"{path}: is missing; restore it, or give another run or model") from None
        except (ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path} is not a vocabulary ({reason}). Restore the file or run again.") from None
