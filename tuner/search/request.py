"""What a user asks of ``tuner search``, checked before anything is read or started."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from search_spaces.domains import Choice
from search_spaces.space import Space
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.errors import InputError
from tuner.metrics import ACCURACY, Mode, is_users_own
from tuner.search.custom_model import CustomModelRequest
from tuner.search.registry import scheduler_spec, searcher_spec
from tuner.search.schedulers.options import SchedulerOptions

_NO_VECTORS = Choice(("none",))

MOST_FOLDS = 100


@dataclass(frozen=True)
class SearchRequest:
    """A search as it was asked for; None means "choose for me".

    Attributes:
        space: what is searched, or the model of the user's own whose space it is.
        trials: number of configurations; for a grid, None is all of it.
        seeds_per_config: trials of each configuration, from different seeds.
        folds: folds of the training and validation texts, on each of which a configuration is validated once; None for the
            one validation split.
        epochs: most epochs of a trial.
        reports_per_epoch: parts of an epoch after each of which a trial is evaluated and compared; "auto" by the texts.
        searcher: frontier, random, grid, optuna or bayesian.
        metric: of the validation texts, by which trials are compared: a name, or a function ``module:name`` of the user's own.
        metric_mode: what is better of a function of the user's own.
        objective: of a searcher that models one: the metric alone, or the frontier of metric and parameters; by default what
            the scheduler keeps.
        portfolio: whether configurations that did well on other data are tried first.
        warm_start: name or folder of an earlier run whose frontier is tried first.
        patience: epochs without a better metric after which a trial is complete.
        time_budget: seconds after which the search ends.
        stop_when_stable: whether it ends once going on is expected to add too little.
        concurrency: most trials at once.
        gpus_per_trial: "auto" for as many trials per GPU as fit by their predicted memory.
        epoch_timeout: seconds after which an epoch that has not ended is taken to hang, None for never.
        address: of a Ray cluster.
        rivals: whether linear models of n-grams are fitted beside the trials.
        track: trackers that are told of the run, as ``KIND=PLACE``.
        vectors: a file of pretrained word vectors, for configurations whose ``vectors`` is not "none".
    """

    data: DataRequest
    space: Space | CustomModelRequest
    trials: int | None
    epochs: int
    searcher: str
    objective: str | None
    warm_start: str | None
    scheduler: SchedulerOptions
    patience: int | None
    seed: int
    max_params: int | None
    time_budget: float | None
    cpus_per_trial: float
    gpus_per_trial: float | Literal["auto"] | None
    concurrency: int | None
    address: str | None
    name: str | None
    runs_dir: Path
    epoch_timeout: float | None = None
    vectors: Path | None = None
    seeds_per_config: int = 1
    folds: int | None = None
    metric: str = ACCURACY.name
    metric_mode: Mode = "max"
    rivals: bool = True
    portfolio: bool = False
    stop_when_stable: bool = False
    reports_per_epoch: int | Literal["auto"] = 1
    track: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing.

        Raises:
            InputError: one line with the option, its value and the remedy.
        """
        self._check_counts()
        if self.metric_mode != "max" and not is_users_own(self.metric):
            raise InputError(
                f"`metric={self.metric!r}` has its own; leave it out", option="metric_mode", value=self.metric_mode
            )
        if self.data.source == BUILT_IN:
            needing = {f"{role}_column": column for role, column in self.data.columns.named()}
            needing |= {name: getattr(self.data, name) for name in ("validation_data", "test_data", "encoding")}
            for option, value in needing.items():
                if value is not None:
                    raise InputError("needs `data`, without which a corpus is generated", option=option, value=value)
        self._check_seeds()
        self._check_folds()
        if isinstance(self.space, CustomModelRequest):
            self._check_custom_model(self.space)
        elif self.vectors is not None and self.space.parameters.get("vectors", _NO_VECTORS) == _NO_VECTORS:
            raise InputError(
                f"no network of the space {self.space.name} begins with vectors; add `settings='vectors=frozen,trained'`",
                option="vectors",
                value=self.vectors,
            )
        if self.seed < 0:
            raise InputError("must be 0 or more", option="seed", value=self.seed)
        if not self.cpus_per_trial > 0:
            raise InputError(
                "must be positive, for instance 1 or 0.5", option="cpus_per_trial", value=self.cpus_per_trial
            )
        gpus = self.gpus_per_trial
        if isinstance(gpus, int | float) and (gpus < 0 or (gpus > 1 and gpus != int(gpus))):
            raise InputError("must be 0, a fraction of one GPU, or a whole number", option="gpus_per_trial", value=gpus)
        if self.objective is not None and "objective" not in searcher_spec(self.searcher).settings:
            raise InputError(
                f"`searcher={self.searcher!r}` has no objective to choose; use `searcher='optuna'`",
                option="objective",
                value=self.objective,
            )
        if self.stop_when_stable and scheduler_spec(self.scheduler.name).fixes_trials:
            raise InputError(
                f"`scheduler={self.scheduler.name!r}` lays a search out for its number of trials; leave it out, or use "
                "forecast, asha, frontier, median or none",
                option="stop_when_stable",
            )
        if self.warm_start is not None and searcher_spec(self.searcher).is_finite:
            raise InputError(
                "a grid has all its points already; leave it out", option="warm_start", value=self.warm_start
            )

    def _check_custom_model(self, own: CustomModelRequest) -> None:
        if scheduler_spec(self.scheduler.name).copies_weights:
            raise InputError(
                f"copies weights between trials; not supported with `hypermodel={own.name!r}`; use asha, forecast, frontier, "
                "hyperband or median",
                option="scheduler",
                value=self.scheduler.name,
            )
        if self.max_params is not None:
            raise InputError(
                f"the parameters of `hypermodel={own.name!r}` are counted where it is built, not before; leave it out, and "
                "give it to rank",
                option="max_params",
                value=self.max_params,
            )

    def _check_counts(self) -> None:
        if self.reports_per_epoch != "auto" and self.reports_per_epoch < 1:
            raise InputError("must be at least 1, or auto", option="reports_per_epoch", value=self.reports_per_epoch)
        for request, options in (
            (self, ("trials", "epochs", "max_params", "concurrency", "patience", "seeds_per_config")),
            (self.data, ("max_length", "min_freq", "max_tokens", "min_class_count")),
        ):
            for option in options:
                value = getattr(request, option)
                if value is not None and value < 1:
                    raise InputError("must be at least 1", option=option, value=value)

    def _check_seeds(self) -> None:
        if self.seeds_per_config > 1 and scheduler_spec(self.scheduler.name).copies_weights:
            raise InputError(
                f"trials of `scheduler={self.scheduler.name!r}` change their hyperparameters as they train: none repeats "
                "another; leave it out, or choose another scheduler",
                option="seeds_per_config",
                value=self.seeds_per_config,
            )

    def _check_folds(self) -> None:
        if self.folds is None:
            return
        if not 2 <= self.folds <= MOST_FOLDS:
            raise InputError(
                f"must be 2 to {MOST_FOLDS}; leave it out to validate on one split", option="folds", value=self.folds
            )
        if self.seeds_per_config > 1:
            raise InputError(
                f"every fold is trained from another seed already; leave out `seeds_per_config={self.seeds_per_config}`",
                option="folds",
                value=self.folds,
            )
        if scheduler_spec(self.scheduler.name).copies_weights:
            raise InputError(
                f"trials of `scheduler={self.scheduler.name!r}` change their hyperparameters as they train: none can be "
                "trained again on another fold; leave it out, or choose another scheduler",
                option="folds",
                value=self.folds,
            )
