"""Data that a caller has in memory, as files that a search reads."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.errors import InputError
from tuner.formatting import listed, shown
from tuner.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

PARTS = {"train": "data", "validation": "validation_data", "test": "test_data"}
"""The parts of data that are split already, and the options that name their files."""
TEXT, LABEL = "text", "label"
"""Columns of texts and labels that were given as lists."""


@dataclass(frozen=True)
class InMemory:
    """Data in memory, by part.

    Attributes:
        frames: by the option that names its file.
        columns: of texts and labels.
    """

    frames: "dict[str, pd.DataFrame]"
    columns: dict[str, Any]

    @contextmanager
    def files(self, run: RunFolder) -> Iterator[dict[str, Path]]:
        """The frames as temporary Parquet files, by option, for as long as the context lasts; ``run`` will have copies.

        Raises:
            InputError: where the runs are on object storage, or a column cannot be written.
        """
        if run.remote is not None:
            raise InputError(
                "data in memory are kept with a run in a folder, not on object storage; write them to a file first, "
                "for instance with data.to_parquet(), and give its path",
                option="runs_dir",
                value=run.remote.parent.url,
            )
        with tempfile.TemporaryDirectory(prefix="frontier-tuner-") as folder:
            yield {option: _written(frame, Path(folder), option) for option, frame in self.frames.items()}


def in_memory(data: Any, *, text: Any, label: Any, parts: Mapping[str, Any]) -> InMemory | None:
    """What was given as objects; None where the data are a path, a URL, a name or nothing.

    Args:
        data: a DataFrame, a list of texts, a ``Dataset`` or ``DatasetDict`` of the Hugging Face library.
        text: column of the texts, or several.
        label: column of the labels, or, beside a list of texts, a list of labels.
        parts: DataFrames for "train", "validation" and "test", where the data are split; None for what there is not.

    Raises:
        InputError: naming the parameter, for what cannot be read.
    """
    given = {part: frame for part, frame in parts.items() if frame is not None}
    if isinstance(data, Mapping):  # a DatasetDict
        if given:
            raise InputError(f"{listed(given)} and `data` with parts of its own; give one of them", option="data")
        given, data = _parts_of(data), None
    if given:
        if data is not None:
            raise InputError(f"is given beside {listed(given)}, which are the data; leave it out", option="data")
        if "train" not in given:
            raise InputError("is missing beside the other splits; give the texts to train on", option="train")
        return _split(given, text, label)
    if data is None or isinstance(data, str | Path):
        return None
    frame, columns = _frame(data, "data", text, label)
    return InMemory({"data": frame}, columns)


def _parts_of(data: Mapping[str, Any]) -> dict[str, Any]:
    names = {"train": "train", "validation": "validation", "valid": "validation", "dev": "validation", "test": "test"}
    unknown = [name for name in data if name not in names]
    if unknown or "train" not in data:
        raise InputError(
            f"has the splits {listed(data)}; name them train, validation and test (a train split is needed)",
            option="data",
        )
    return {names[name]: part for name, part in data.items()}


def _split(parts: Mapping[str, Any], text: Any, label: Any) -> InMemory:
    frames: dict[str, pd.DataFrame] = {}
    columns: dict[str, Any] = {}
    for part, data in parts.items():
        frame, columns = _frame(data, part, text, label)
        if frame.empty:
            raise InputError("is empty; leave it out, or give texts", option=part)
        frames[PARTS[part]] = frame
    return InMemory(frames, columns)


def _frame(data: Any, option: str, text: Any, label: Any) -> "tuple[pd.DataFrame, dict[str, Any]]":
    """A DataFrame of any of the forms, and the columns of texts and labels in it."""
    import pandas as pd

    if isinstance(data, list | tuple | pd.Series):
        return _of_lists(data, option, label)
    if isinstance(data, pd.DataFrame):
        frame = data
    elif hasattr(data, "to_pandas") and hasattr(data, "features"):  # a Dataset of the Hugging Face library
        frame = _with_label_names(data.to_pandas(), data.features)
    else:
        raise InputError(
            f"is a {type(data).__name__}; give a pandas DataFrame, a list of texts with `label` a list of labels, a Hugging "
            "Face Dataset, a path or a URL",
            option=option,
        )
    frame = frame.rename(columns=str)
    columns = {"text_column": (text,) if isinstance(text, str) else text and tuple(text), "label_column": label}
    for parameter, names in (("text", columns["text_column"] or ()), ("label", [label] if label is not None else [])):
        for name in names:
            if name not in frame.columns:
                near = get_close_matches(str(name), list(frame.columns), n=1)
                remedy = f"did you mean {shown(near[0])}?" if near else f"there are {listed(frame.columns)}"
                raise InputError(f"{option} has no such column; {remedy}", option=parameter, value=name)
    if label is not None:
        _check_labels(frame[label], label)
    return frame, columns


def _of_lists(texts: Any, option: str, labels: Any) -> "tuple[pd.DataFrame, dict[str, Any]]":
    import pandas as pd

    if labels is None or isinstance(labels, str):
        raise InputError("is missing; beside a list of texts give a list of their labels", option="label", value=labels)
    if len(labels) != len(texts):
        raise InputError(
            f"{option} has {len(texts):,} texts and `label` {len(labels):,} labels; give one for each text"
        )
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"holds {wrong!r}, which is no text; give strings", option=option)
    frame = pd.DataFrame({TEXT: list(texts), LABEL: list(labels)})
    _check_labels(frame[LABEL], LABEL)
    return frame, {"text_column": (TEXT,), "label_column": LABEL}


def _check_labels(labels: "pd.Series[Any]", name: str) -> None:
    """Refuses labels of several types, of which equal ones would not be equal in a file."""
    kinds = sorted({type(label).__name__ for label in labels.dropna()}) if labels.dtype == object else []
    if len(kinds) > 1:
        raise InputError(f"has labels of several types ({listed(kinds)}); make them one, for instance with .astype(str)",
                         option="label", value=name)  # fmt: skip


def _with_label_names(frame: "pd.DataFrame", features: Mapping[str, Any]) -> "pd.DataFrame":
    """Names in the place of the numbers of a ``ClassLabel``; -1 is no label."""
    for name, feature in features.items():
        names = getattr(feature, "names", None)
        if names and name in frame:
            known = dict(enumerate(names))
            frame = frame.assign(**{name: frame[name].map(known.get)})
    return frame


def _written(frame: "pd.DataFrame", folder: Path, option: str) -> Path:
    path = folder / f"{next(part for part, name in PARTS.items() if name == option)}.parquet"
    try:
        frame.to_parquet(path, index=False)
    except (ValueError, TypeError, OverflowError) as error:  # Arrow's errors are of these types
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"cannot be written as Parquet ({reason}); give the columns of texts and labels alone",
                         option=option) from None  # fmt: skip
    return path
