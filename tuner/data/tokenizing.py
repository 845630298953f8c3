"""Tokenises many texts, in as many processes as there are processors where that pays.

What comes out depends neither on the number of processes nor on the borders of the pieces that they work on.
"""

import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import resource_tracker
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tuner.data.ascii_tokens import AsciiTokens, ascii_tokens
from tuner.data.texts import Texts
from tuner.data.tokenizer import ENGLISH_STOP_WORDS, Tokenizer

PIECE_BYTES: Final = 2 * 2**20
"""A process works on so much text at a time, some 7,000 texts of 40 words: it takes about thirty times as much memory."""
PARALLEL_BYTES: Final = 48 * 2**20
"""One process has read less than this, some 170,000 texts of 40 words, before others have started: about two seconds."""


@dataclass(frozen=True, eq=False)
class TokenizedPiece:
    """Some texts as tokens.

    Attributes:
        words: the distinct tokens, and maybe some that are cut off, as Arrow's strings.
        tokens: unsigned [running tokens], places in ``words``, in as few bytes as they need; each text is cut.
        counts: int64 [texts], how many tokens each text has before it is cut.
    """

    words: Any
    tokens: NDArray[np.unsignedinteger]
    counts: NDArray[np.int64]


def tokenize_piece(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], tokenizer: Tokenizer, max_length: int
) -> TokenizedPiece:
    """Tokenises a few texts, of which each is cut to ``max_length`` tokens as the tokenizer says.

    Args:
        data: the texts in UTF-8, one after the other.
        offsets: where each text begins, and the end.
        tokenizer: what a token is, and which are kept.
        max_length: tokens that are kept of a text.
    """
    found = ascii_tokens(data, offsets, ENGLISH_STOP_WORDS if tokenizer.stop_words else frozenset())
    words, tokens, counts = found.words, found.tokens, found.counts
    if not found.plain.all():
        words, tokens, counts = _with_others(found, data, offsets, tokenizer)
    if counts.max(initial=0) > max_length:
        first, last = tokenizer.kept(max_length)
        place = np.arange(len(tokens)) - np.repeat(np.cumsum(counts) - counts, counts)
        tokens = tokens[(place < first) | (place >= np.repeat(counts - last, counts))]
    return TokenizedPiece(words, tokens.astype(np.min_scalar_type(len(words))), counts)


def _with_others(
    found: AsciiTokens, data: NDArray[np.uint8], offsets: NDArray[np.int64], tokenizer: Tokenizer
) -> tuple[Any, NDArray[np.int32], NDArray[np.int64]]:
    """Words, tokens and counts, also of the texts that are not plain."""
    places: defaultdict[str, int] = defaultdict(
        None, {word: place for place, word in enumerate(found.words.to_pylist())}
    )
    places.default_factory = places.__len__
    others: list[int] = []
    counts = found.counts.copy()
    for text in np.flatnonzero(~found.plain).tolist():
        words = tokenizer.tokenize(data[offsets[text] : offsets[text + 1]].tobytes().decode())
        others.extend(map(places.__getitem__, words))
        counts[text] = len(words)
    is_plain = np.repeat(found.plain, counts)
    tokens = np.empty(len(is_plain), np.int32)
    tokens[is_plain], tokens[~is_plain] = found.tokens, others
    return pa.array(places, pa.string()), tokens, counts


def tokenize_all(parts: Sequence[Texts], tokenizer: Tokenizer, max_length: int) -> Iterator[tuple[int, TokenizedPiece]]:
    """Tokenises the texts of all parts, piece by piece in their order; no piece has texts of two parts.

    Args:
        parts: the texts.
        tokenizer: what a token is, and which are kept.
        max_length: tokens that are kept of a text.

    Yields:
        The place of a piece's part, and the piece.
    """
    places = [(number, start, end) for number, part in enumerate(parts) for start, end in _borders(part)]
    work = [(parts[number], start, end) for number, start, end in places]
    processes = _processes(sum(int(part.sizes().sum()) for part in parts))
    done = 0
    if processes > 1:
        # A process may be killed, for want of memory most of all: what is left is done here, which takes less.
        with suppress(BrokenExecutor):
            for piece in _in_processes(work, tokenizer, max_length, processes):
                yield places[done][0], piece
                done += 1
    for (number, _, _), (part, start, end) in zip(places[done:], work[done:], strict=True):
        yield number, tokenize_piece(*part.encoded(start, end), tokenizer, max_length)


def _borders(texts: Texts) -> Iterator[tuple[int, int]]:
    """Where the pieces begin and end."""
    ends = np.cumsum(texts.sizes())
    marks = np.arange(PIECE_BYTES, ends[-1] if len(ends) else 0, PIECE_BYTES)
    borders = [0, *np.searchsorted(ends, marks, side="right").tolist(), len(texts)]
    return pairwise(dict.fromkeys(borders))  # a long text may go over several marks


def _processes(total_bytes: int) -> int:
    if total_bytes < PARALLEL_BYTES:
        return 1
    import joblib

    processors: int = joblib.cpu_count()
    return min(processors, total_bytes // (4 * PIECE_BYTES))


def _in_processes(
    pieces: Iterable[tuple[Texts, int, int]], tokenizer: Tokenizer, max_length: int, processes: int
) -> Iterator[TokenizedPiece]:
    """The pieces in their order.

    These processes import what this module imports, and never the program that runs: neither TensorFlow nor Ray, nor
    a notebook, nor a script that would search again.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    tokenize = delayed(tokenize_piece)
    parallel = Parallel(processes, backend="loky", batch_size=1, return_as="generator", max_nbytes=None)
    try:
        with _interrupts_held_back():
            found = parallel(tokenize(*part.encoded(start, end), tokenizer, max_length) for part, start, end in pieces)
        yield from found
    finally:
        get_reusable_executor().shutdown(kill_workers=True)  # they would wait for more work, beside the search


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Lets processes that start here hear nothing of Ctrl-C, which this one ends them for; Windows has no such mask."""
    if sys.platform == "win32":
        yield
        return
    from joblib.externals.loky.backend import resource_tracker as resource_tracker_of_loky

    # These would let interrupts in again if they started later, among the processes.
    resource_tracker.ensure_running()
    resource_tracker_of_loky.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
