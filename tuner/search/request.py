"""What a user asks of ``tuner search``, checked before anything is read or started."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from search_spaces.domains import Choice
from search_spaces.space import Space
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.errors import InputError
from tuner.search.custom_model import CustomModelRequest
from tuner.search.schedulers.options import SchedulerOptions

_NO_VECTORS = Choice(("none",))


@dataclass(frozen=True)
class SearchRequest:
    """A search as it was asked for; None means "choose for me".

    Attributes:
        space: what is searched, or the model of the user's own whose space it is.
        trials: number of configurations; for a grid, None is all of it.
        repeats: trials of each configuration, from different seeds.
        epochs: most epochs of a trial.
        searcher: random, grid, optuna or bayesian.
        objective: of a searcher that models one; by default the frontier where the scheduler's is, else accuracy.
        warm_start: name or folder of an earlier run whose frontier is tried first.
        patience: epochs without a better accuracy after which a trial is complete.
        time_budget: seconds after which the search ends.
        concurrency: most trials at once.
        gpus_per_trial: "auto" for as many trials a card as fit by their predicted memory.
        epoch_timeout: seconds after which an epoch that has not ended is taken to hang, None for never.
        address: of a Ray cluster.
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
    repeats: int = 1

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing.

        Raises:
            InputError: one line with the option, its value and the remedy.
        """
        for option, value in (
            ("--trials", self.trials),
            ("--epochs", self.epochs),
            ("--max-params", self.max_params),
            ("--concurrency", self.concurrency),
            ("--patience", self.patience),
            ("--repeats", self.repeats),
            ("--max-length", self.data.max_length),
            ("--min-freq", self.data.min_freq),
            ("--max-tokens", self.data.max_tokens),
        ):
            if value is not None and value < 1:
                raise InputError(f"{option} {value}: must be at least 1")
        if self.data.source == BUILT_IN:
            for option, column in (
                ("--text-column", self.data.text_column),
                ("--label-column", self.data.label_column),
                ("--split-column", self.data.split_column),
            ):
                if column is not None:
                    raise InputError(f"{option} {column}: needs --data, without which a corpus is generated")
        self._check_repeats()
        if isinstance(self.space, CustomModelRequest):
            self._check_custom_model(self.space)
        elif self.vectors is not None and self.space.parameters.get("vectors", _NO_VECTORS) == _NO_VECTORS:
            raise InputError(
                f"--vectors {self.vectors}: no network of the space {self.space.name} begins with vectors; "
                "add --set vectors=frozen,trained"
            )
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: must be 0 or more")
        if not self.cpus_per_trial > 0:
            raise InputError(f"--cpus-per-trial {self.cpus_per_trial:g}: must be more than 0, for instance 1 or 0.5")
        gpus = self.gpus_per_trial
        if isinstance(gpus, int | float) and (gpus < 0 or (gpus > 1 and gpus != int(gpus))):
            raise InputError(f"--gpus-per-trial {gpus:g}: must be 0, a fraction of one GPU, or a whole number")
        if self.objective is not None and self.searcher != "optuna":
            raise InputError(
                f"--objective {self.objective}: --searcher {self.searcher} has no objective to choose; use --searcher optuna"
            )
        if self.warm_start is not None and self.searcher == "grid":
            raise InputError(f"--warm-start {self.warm_start}: a grid has all its points already; leave it out")

    def _check_custom_model(self, own: CustomModelRequest) -> None:
        if self.scheduler.name == "pbt":
            raise InputError(
                f"--scheduler pbt: gives weights and rates of one trial to another, which nobody can do for --hypermodel "
                f"{own.name}; use asha, frontier, hyperband or median"
            )
        if self.max_params is not None:
            raise InputError(
                f"--max-params {self.max_params}: the parameters of --hypermodel {own.name} are counted where it is built, not "
                "before; leave it out, and give it to rank"
            )

    def _check_repeats(self) -> None:
        if self.repeats > 1 and self.scheduler.name == "pbt":
            raise InputError(
                f"--repeats {self.repeats}: trials of --scheduler pbt change their hyperparameters as they train: none repeats "
                "another; leave it out, or choose another scheduler"
            )
