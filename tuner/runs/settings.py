"""``search.yaml``: all that was asked of a search and what it was resolved to."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from search_spaces.custom_space import custom_space_of, kinds_of
from search_spaces.documents import space_of
from search_spaces.families import BUILT_IN, CustomModels, ModelFamily
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.metrics import Mode, Objective, objective_of
from tuner.runs.atomic import write_text_atomically

DATA_FOLDER = "data"
"""In the folder of a run: its data, where a caller had them in memory."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Settings):
    """The data, how they were read, and what they were found to be."""

    source: str
    validation_data: str | None = None
    test_data: str | None = None
    encoding: str | None = None
    text_column: Annotated[
        tuple[str, ...], BeforeValidator(lambda names: (names,) if isinstance(names, str) else names)
    ]
    """In the order in which the texts are joined; earlier versions knew one and wrote its name alone."""
    label_column: str
    split_column: str | None
    data_dir: str
    fingerprint: str
    label_names: tuple[str, ...]
    train: int
    validation: int
    test: int
    baseline: dict[str, float | None] = {}
    """Every metric, on the validation texts, of always giving the most frequent label of the training texts."""
    split_seed: int
    stop_words: bool
    characters: bool
    min_freq: int
    max_tokens: int
    max_length: int
    mean_tokens: float | None = None
    """Tokens that are read of a training text, in the mean; searches of before do not say."""
    truncate: Literal["head", "tail", "both"] = "head"
    vocabulary_size: int
    given_split: bool = True
    test_share: float = 0.2
    validation_share: float = 0.125
    fraction: float = 1.0
    fold_labels: bool = False
    min_class_count: int = 1
    drop_rare: bool = False
    majority_split: bool = False
    """Earlier versions drew a text with several labels by that of its first row: their runs are resumed on their split."""

    @model_validator(mode="before")
    @classmethod
    def _with_baseline(cls, fields: Any) -> Any:
        """A search of before knew the accuracy alone of always giving the most frequent label."""
        if not isinstance(fields, dict) or "majority" not in fields:
            return fields
        rest = {name: value for name, value in fields.items() if name != "majority"}
        return {"baseline": {"accuracy": fields["majority"]}, **rest}


class VectorSettings(_Settings):
    """Pretrained word vectors: where they were read, and how far they cover the training texts."""

    source: str
    width: int
    found: int
    type_coverage: float
    token_coverage: float
    fingerprint: str


class UserCode(_Settings):
    """Something of the user's own that workers import.

    Attributes:
        name: where it is found: ``package.module:name``.
        root: the folder from which it is imported.
        sources: the modules that it loads from there, by path within the folder, with the SHA-256 of their content.
    """

    name: str
    root: str
    sources: dict[str, str]


class HyperModelSettings(UserCode):
    """A custom model, which is trained in place of the built-in networks.

    Attributes:
        declared: its space as it was discovered, before settings.
        changes: what settings changed in that, as it was given.
    """

    declared: dict[str, Any]
    changes: tuple[str, ...] = ()


class SchedulerSettings(_Settings):
    """Early stopping. An option that a scheduler does not have is None.

    Attributes:
        grace_period: epochs before the first comparison; like the others, a fraction where an epoch has several reports.
        reduction_factor: one in how many goes on.
        rungs: the epochs at which trials are compared.
        promotion: whether trials pause at a rung until they are promoted, instead of being stopped there.
        perturbation_interval: epochs between the exchanges of a population.
    """

    name: str
    grace_period: int | float | None = None
    reduction_factor: int | None = None
    rungs: tuple[int | float, ...] = ()
    promotion: bool = False
    perturbation_interval: int | float | None = None


class GpuSharingSettings(_Settings):
    """How many trials share a GPU, and the bytes that decided it: what the largest needs, and what the smallest GPU has."""

    trials: int
    needed: int
    memory: int


class FoldSettings(_Settings):
    """Cross-validation: how many folds, the texts of each, and the SHA-256 of the fold of every text."""

    count: int
    texts: tuple[int, ...]
    fingerprint: str


class ResourceSettings(_Settings):
    """What a trial takes and where the search runs."""

    cpus_per_trial: float
    gpus_per_trial: float
    concurrency: int
    address: str | None
    gpu_sharing: GpuSharingSettings | None = Field(default=None, validation_alias=AliasChoices("gpu_sharing", "card"))
    """Where the share of a GPU was chosen by the memory of the trials."""


class SearchSettings(_Settings):
    """Everything that a search is a function of, beside the code and the machine."""

    name: str
    created: str
    data: DataSettings
    vectors: VectorSettings | None = None
    hypermodel: HyperModelSettings | None = None
    """The custom model whose hyperparameters ``space`` has; None where it has those of the built-in networks."""
    space: dict[str, Any]
    trials: int
    repeats: int = 1
    """Trials of one configuration, in a row, from different seeds."""
    folds: FoldSettings | None = None
    """Where each configuration has a trial on each fold, in a row."""
    epochs: int
    reports_per_epoch: int = 1
    """Parts of an epoch after each of which a trial is evaluated and reports."""
    searcher: str
    objective: Literal["metric", "frontier"] = "metric"
    metric: str = "accuracy"
    """The metric that the search pursues."""
    metric_mode: Mode = "max"
    """What is better of it, where it is a function of the user's own."""
    metric_code: UserCode | None = None
    """That function."""
    warm_start: str | None = None
    points_to_evaluate: tuple[dict[str, Any], ...] = Field(
        default=(), validation_alias=AliasChoices("points_to_evaluate", "guesses")
    )
    """Configurations of the first trials, as far as there are so many, which the run ``warm_start`` and the portfolio gave.
    Runs of before have them under another name, as they have the sharing of a GPU."""
    portfolio: int = 0
    """How many of these, the last ones, are of the portfolio."""
    by_turns: int = 0
    """How many of these, the last ones, take turns with what the searcher proposes."""
    scheduler: SchedulerSettings
    patience: int | None = None
    seed: int
    max_params: int | None
    time_budget: float | None
    stop_when_stable: bool = False
    """Whether the search ends once going on is expected to add too little."""
    rivals: bool = False
    """Whether linear models of n-grams are fitted beside the trials; searches of before had none."""
    track: tuple[str, ...] = ()
    """Trackers that are told of the run, as ``KIND=PLACE``, without passwords."""
    epoch_timeout: float | None = None
    """Seconds after which an epoch that has not ended is taken to hang, None for never."""
    resources: ResourceSettings
    versions: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _of_any_metric(cls, fields: Any) -> Any:
        """A search of before called its metric, the only one, accuracy."""
        before = isinstance(fields, dict) and fields.get("objective") == "accuracy"
        return {**fields, "objective": "metric"} if before else fields

    @property
    def pursued(self) -> Objective:
        """The metric that the search pursues, with what is better of it."""
        return replace(objective_of(self.metric, self.metric_mode), baseline=self.data.baseline.get(self.metric))

    @property
    def fold_count(self) -> int:
        """Trials of one configuration on folds, 1 without them."""
        return 1 if self.folds is None else self.folds.count

    @property
    def configurations(self) -> int:
        """Configurations that the trials are of."""
        return self.trials // (self.repeats * self.fold_count)

    def resolved_space(self) -> Space:
        """The space that trials are drawn from, settings included."""
        return _space_of(json.dumps(self.space), self.name, is_custom=self.hypermodel is not None)

    @property
    def family(self) -> ModelFamily:
        """Of the models that trials are of."""
        return BUILT_IN if self.hypermodel is None else CustomModels(kinds_of(self.resolved_space()))


@lru_cache(maxsize=8)
def _space_of(document: str, name: str, *, is_custom: bool) -> Space:
    """Built once a search: whoever plans, proposes, stops or analyses asks for it."""
    origin, body = "search.yaml: space", json.loads(document)
    return custom_space_of(body, origin=origin) if is_custom else space_of(body, origin=origin, name=name)


def write_settings(path: Path, settings: SearchSettings) -> None:
    """Writes ``search.yaml``."""
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    write_text_atomically(path, text)


def read_settings(path: Path) -> SearchSettings:
    """Reads ``search.yaml``.

    Raises:
        InputError: where it is not there or not what a search wrote.
    """
    try:
        return _with_own_data(
            path.parent, SearchSettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); is this the folder of a search?") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        where = (
            ".".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else "YAML"
        )
        raise InputError(f"{path}: is not what a search wrote ({where}); restore the file") from None


def _with_own_data(folder: Path, settings: SearchSettings) -> SearchSettings:
    """Settings of a run that holds its data, and was moved or copied: they lie where the run lies now."""
    data = settings.data
    places = {}
    for name in ("source", "validation_data", "test_data"):
        recorded = Path(getattr(data, name) or "")
        own = folder.absolute() / DATA_FOLDER / recorded.name
        if recorded.parts[-3:-1] == (settings.name, DATA_FOLDER) and not recorded.exists() and own.is_file():
            places[name] = str(own)
    return settings.model_copy(update={"data": data.model_copy(update=places)}) if places else settings
