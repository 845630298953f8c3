"""How a named space's experiment was done: its data, how they were handled, and for how long it trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from search_spaces.documents import EXPERIMENT, SpaceError
from search_spaces.named import named_document


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Split(_Settings):
    """Which texts train, validate and test.

    Attributes:
        given: use the test set that the data give; else draw all parts by class.
        test: share of all texts, where a test set is drawn.
        validation: share of the texts that are not for testing.
    """

    given: bool = True
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.125


class Texts(_Settings):
    """How texts become ids; the meaning is that of the options of ``tuner search``."""

    max_length: Annotated[int, Field(ge=1)]
    min_freq: Annotated[int, Field(ge=1)]
    max_tokens: Annotated[int, Field(ge=3)]
    stop_words: bool = False


class Experiment(_Settings):
    """What beside its space makes an experiment.

    Attributes:
        report: which of the five reports it is from ("000" to "004"), None for our own.
        data: name of the data set.
        split: which texts do what.
        texts: how they are read.
        framework: whose cells the report used: Torch's have a second bias vector.
        epochs: most epochs of a trial; every one is evaluated, so one trial stands for trainings of fewer epochs, too.
        patience: epochs without a better accuracy after which a trial ends, None where the report trains on.
        searcher: "grid" for all points, "random" for a sample.
        trials: size of the sample; None with a grid.
        differences: sentences on what is not as it was done in the report, or not known.
    """

    report: Literal["000", "001", "002", "003", "004"] | None = None
    data: Literal["imdb", "airline", "trec"]
    split: Split = Split()
    texts: Texts
    framework: Literal["keras", "torch"] = "keras"
    epochs: Annotated[int, Field(ge=1)]
    patience: Annotated[int, Field(ge=1)] | None = None
    searcher: Literal["grid", "random"] = "grid"
    trials: Annotated[int, Field(ge=1)] | None = None
    differences: tuple[str, ...] = ()


def named_experiment(name: str) -> Experiment | None:
    """How the experiment of a named space was done; None for a space without one.

    Raises:
        SpaceError: where there is no space of that name.
    """
    path, document = named_document(name)
    return None if EXPERIMENT not in document else experiment_of(document[EXPERIMENT], origin=path)


def experiment_of(body: Mapping[str, Any], *, origin: Path) -> Experiment:
    """An experiment from its YAML form.

    Raises:
        SpaceError: one line that names the file, the key and the value.
    """
    try:
        return Experiment.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (EXPERIMENT, *first["loc"]))
        raise SpaceError(f"{origin}: {where}: {first['msg'].lower()}; received {first['input']!r}") from None
