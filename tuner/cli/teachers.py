"""The teacher that a user means: a trial or a rival of the run, its ensemble, or a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from analysis.ensembles import ENSEMBLE, usable_ensemble
from analysis.frontier import frontier
from analysis.loading import Run
from analysis.ranking import rank
from search_spaces.config import TrialConfig
from tuner.errors import InputError
from tuner.formatting import listed
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.search.ray_tune.teaching import TeachingModel


@dataclass(frozen=True)
class Teacher:
    """Who teaches.

    Attributes:
        title: what people call it.
        models: whose probabilities are taught, of several their weighted mean; none of a file.
        parameters: of a single model, whose students are smaller; None of others, whose students are all of the frontier.
    """

    title: str
    models: tuple[TeachingModel, ...] = ()
    parameters: int | None = None

    @classmethod
    def of_file(cls, file: str) -> Self:
        """A model that the run does not know."""
        return cls(f"the file {Path(file).name}")

    def smaller(self, run: Run) -> list[str]:
        """The frontier trials that it can teach, the smallest first.

        Raises:
            InputError: where there is none.
        """
        front = frontier(run.trials, objective=run.objective)
        if front.empty:
            raise InputError(
                f"{run.name} has no frontier to teach, since no trial is better than always giving the most frequent label; "
                "resume the search with more trials"
            )
        if self.parameters is None:
            return [str(trial) for trial in front["trial_id"]]
        front = front[front["parameters"] < self.parameters]
        if front.empty:
            raise InputError(
                f"no trial on the frontier of {run.name} is smaller than {self.title} ({self.parameters:,} parameters); "
                "give a larger teacher, or `teacher=ensemble`"
            )
        return [str(trial) for trial in front["trial_id"]]


def named_teacher(run: Run, wanted: str) -> Teacher:
    """The teacher meant by "best", "ensemble", the id of a trial, whose leading zeros may be left out, or a rival's name.

    Raises:
        InputError: where no trial has finished an epoch, there is no such model, or its weights were not kept.
    """
    ranked = rank(run.trials, objective=run.objective)
    if ranked.empty:
        raise InputError(
            f"no trial of {run.name} has finished an epoch; wait or resume the search, or see with "
            f"`python -m tuner report {run.folder.reference}` why they failed",
            option="teacher",
            value=wanted,
        )
    folder = run.folder.with_models()
    kept = [str(trial) for trial in run.trials["trial_id"] if folder.weights(str(trial)).is_file()]
    if wanted == ENSEMBLE:
        found = usable_ensemble(run, option="teacher")
        weights = {member.name: member.weight for member in found.members}
        return Teacher(f"{ENSEMBLE} of {found.title}", _models(run, weights))
    rivals = run.rivals[run.rivals["error"].isna()].set_index("rival")
    if wanted in rivals.index:
        return Teacher(wanted, _models(run, {wanted: 1.0}), int(rivals["parameters"].to_dict()[wanted]))
    trial = str(ranked["trial_id"].iloc[0]) if wanted == "best" else run.trial_named(wanted)
    if trial not in kept:
        raise InputError(
            f"{run.name} has no such teacher with its weights; give best, {ENSEMBLE}, or one of "
            f"{listed([*kept, *rivals.index])}",
            option="teacher",
            value=wanted,
        )
    size = int(run.trials.set_index("trial_id")["parameters"].to_dict()[trial])
    return Teacher(str(trial), _models(run, {str(trial): 1.0}), size)


def _models(run: Run, weights: dict[str, float]) -> tuple[TeachingModel, ...]:
    """Trials and rivals with the weights that they have in their mean."""
    known, folder = SearchState(read_journal(run.folder.journal)).trials, run.folder.with_models()
    found = []
    for name, weight in weights.items():
        if name not in known:
            found.append(TeachingModel(name, None, folder.rival(name).read_bytes(), weight))
            continue
        config = run.settings.family.config(known[name].config)
        assert isinstance(config, TrialConfig)
        found.append(TeachingModel(name, config, folder.weights(name).read_bytes(), weight))
    return tuple(found)
