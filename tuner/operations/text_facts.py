"""The validation texts of a run, read again, with what there is to know of each: its place in the user's file, its words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Evaluated
from analysis.loading import Run
from search_spaces.wording import did_you_mean
from tuner.data.pipeline import BUILT_IN, PreparedData
from tuner.data.reading.columns import Columns
from tuner.data.reading.loading import read_tables
from tuner.data.text_dataset import Reading
from tuner.data.vocabulary import UNKNOWN_ID
from tuner.errors import InputError
from tuner.runs.settings import SearchSettings
from tuner.search.prepare import prepare_again, with_same_folds


def facts_for(run: Run, one: Evaluated, *, column: str | None = None) -> pd.DataFrame:
    """What there is to know of the texts that a trial was evaluated on.

    Args:
        run: the run.
        one: the trial.
        column: as ``text_facts`` takes it.

    Raises:
        InputError: as ``text_facts``.
    """
    rows = run.trials[run.trials["trial_id"] == one.trial]
    known = informative = None
    if len(rows) and "config/vocabulary" in rows and run.settings.hypermodel is None:
        known = int(rows["config/vocabulary"].iloc[0])
        informative = "config/vocabulary_order" in rows and rows["config/vocabulary_order"].iloc[0] == "informative"
    return text_facts(run.settings, one.folds, known=known, informative=bool(informative), column=column)


def text_facts(
    settings: SearchSettings,
    folds: Sequence[int] = (1,),
    *,
    known: int | None = None,
    informative: bool = False,
    column: str | None = None,
) -> pd.DataFrame:
    """One row per validation text, in the order of the kept predictions: the columns of ``analysis.errors.FACTS``.

    Args:
        settings: of the search.
        folds: whose texts to give, where the search has folds.
        known: token ids that the model knows; None for all of the vocabulary.
        informative: whether its ids are places in the informative order of the words.
        column: of the user's data, whose cells come along as ``by``.

    Raises:
        InputError: where the data are gone or have changed, or have no such column.
    """
    data = with_same_folds(prepare_again(settings), settings)
    pool, counts = data.splits.validation, _counts(data, data.splits.validation, len(data.splits.train))
    parts = data.encoded.in_informative_order() if informative and data.encoded.folds is None else data.encoded
    unknown = [_unknown_shares(parts.validation.tokens, parts.validation.lengths, known)]
    if data.encoded.folds is not None:
        every = np.concatenate([data.splits.train, data.splits.validation])
        places = np.concatenate([np.flatnonzero(data.encoded.folds == fold) for fold in folds])
        pool, counts = every[places], _counts(data, every, 0)[places]
        unknown = [_unknown_of_fold(data, fold, known, informative=informative) for fold in folds]
    dataset = data.dataset
    rows = dataset.rows[pool]
    files, in_file = _places(dataset.reading, rows)
    shares = np.concatenate(unknown)
    table = pd.DataFrame(
        {
            "text": list(dataset.texts.take(pool)),
            "file": files,
            "row": in_file,
            "words": counts,
            "unknown": np.where(counts > 0, shares, np.nan),
        }
    )
    # Rows that a reader could not make sense of are in no table; those without text or label are, and count.
    lost = dataset.reading.rows_read - sum(size for _, size in dataset.reading.sources)
    table.attrs["has_gaps"] = bool(dataset.reading.sources) and lost > 0
    return table if column is None else table.assign(by=pd.Series(_cells(settings, column, rows), dtype=object))


def _counts(data: PreparedData, rows: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Words of each of these texts, which lie together in ``token_counts``, before any is cut."""
    return np.asarray(data.token_counts[start : start + len(rows)])


def _unknown_of_fold(data: PreparedData, fold: int, known: int | None, *, informative: bool) -> NDArray[np.float64]:
    parts = data.encoded.of_fold(fold)
    texts = (parts.in_informative_order() if informative else parts).validation
    spans = zip(texts.offsets, texts.lengths, strict=True)  # those of a fold lie among the tokens of all
    tokens = np.concatenate([texts.tokens[begin : begin + length] for begin, length in spans])
    return _unknown_shares(tokens, texts.lengths, known)


def _unknown_shares(tokens: NDArray[np.int32], lengths: NDArray[np.int64], known: int | None) -> NDArray[np.float64]:
    """float64 [texts], the share of the tokens of each text that are no word to the model; every text has a token."""
    is_unknown = (tokens == UNKNOWN_ID) | (False if known is None else tokens >= known)
    starts = np.cumsum(lengths) - lengths
    shares: NDArray[np.float64] = np.add.reduceat(is_unknown.astype(np.float64), starts) / lengths
    return shares


def _places(reading: Reading, rows: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """The file of each row that was read, and its row there, counted from 1 without a header."""
    if not reading.sources:  # generated, or one of the named sets
        return [""] * len(rows), rows + 1
    names, sizes = zip(*reading.sources, strict=True)
    ends = np.cumsum(sizes)
    number = np.searchsorted(ends, rows, side="right")
    return [_plain(names[each]) for each in number], rows - (ends - np.array(sizes))[number] + 1


def _plain(name: str) -> str:
    """The name of a file as messages show it, without their quotation marks."""
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" else name


def _cells(settings: SearchSettings, column: str, rows: NDArray[np.int64]) -> list[object]:
    """The cells of a column of the user's data."""
    data = settings.data
    if data.source == BUILT_IN:
        raise InputError(
            "the generated corpus has no columns beside text and label; leave it out", option="by", value=column
        )
    columns = Columns(data.text_column, data.label_column, data.split_column)
    table, _, _ = read_tables(
        data.source,
        columns,
        data_dir=Path(data.data_dir),
        validation_data=data.validation_data,
        test_data=data.test_data,
        encoding=data.encoding,
    )
    if column not in table.columns:
        known = tuple(map(str, table.columns))
        raise InputError(f"the data have no such column; {did_you_mean(column, known)}", option="by", value=column)
    cells = table.columns[column]
    return [cells[row] for row in rows.tolist()]
