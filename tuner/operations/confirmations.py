"""A confirmation that is ready to run: which trials, what is still to be trained, and what came of it."""

from dataclasses import dataclass
from typing import Literal

from analysis.confirmation import Confirmation, confirmation
from analysis.ensembles import ensemble as ensemble_of
from analysis.frontier import frontier, knee
from analysis.loading import Run
from analysis.ranking import rank
from tuner.errors import InputError, SearchFailed
from tuner.runs.journal import Journal, read_journal
from tuner.runs.search_state import SearchState
from tuner.search.confirmation import Candidate, Repeat, candidates_of, open_repeats
from tuner.search.confirmation_launch import confirm, with_test_texts
from tuner.search.custom_model import discovered_again
from tuner.search.interruption import Interruption
from tuner.search.plan import plan_of
from tuner.search.prepare import prepare_again, with_data_at
from tuner.search.queue_launch import EndReason, OnStep
from tuner.search.rival_test import open_rivals

By = Literal["metric", "accuracy", "frontier"]


@dataclass(frozen=True)
class PlannedConfirmation:
    """Trials of a run that are to be confirmed.

    Attributes:
        run: as it is now.
        search_state: likewise.
        candidates: what is trained, the baseline last.
        repeats: trainings of each.
        todo: those of them that the run does not hold yet.
    """

    run: Run
    search_state: SearchState
    candidates: list[Candidate]
    repeats: int
    todo: list[Repeat]

    @property
    def trials(self) -> list[str]:
        """The candidates without the baseline."""
        return [candidate.model for candidate in self.candidates if not candidate.is_baseline]

    @property
    def is_done(self) -> bool:
        """Whether the run holds all of it, the test figures of its rivals too."""
        return not (self.todo or open_rivals(self.search_state, self.run.folder))

    def train(
        self, *, data: str | None, no_cache: bool, on_step: OnStep, interruption: Interruption | None = None
    ) -> EndReason:
        """Reads the data, and trains and evaluates what is to be done.

        Args:
            data: another place of the data, None for the recorded one.
            no_cache: read and encode them anew.
            on_step: called several times a second.
            interruption: as in ``Search.run``.

        Raises:
            InputError: where the data are gone or have changed, or as ``tuner.search.confirmation_launch.confirm``.
        """
        settings = with_data_at(self.run.settings, data)
        prepared = prepare_again(settings, no_cache=no_cache)
        return confirm(
            self.run.folder, discovered_again(settings, prepared), with_test_texts(prepared), self.candidates,
            repeats=self.repeats, on_step=on_step, interruption=interruption,
        )  # fmt: skip


def planned_confirmation(run: Run, *, by: By, top: int, repeats: int, ensemble: bool = False) -> PlannedConfirmation:
    """Chooses the trials, and looks what of their repeats is there.

    Args:
        run: whose trials.
        by: what the trials are chosen by.
        top: most trials.
        repeats: trainings of each, at least 2.
        ensemble: the trials of the run's ensemble as well, so that it is evaluated.

    Raises:
        InputError: where no trial can be confirmed, or the search still runs.
    """
    Journal(run.folder.journal).close()  # refuses at once where the search still runs, not after Ray has started
    search_state = SearchState(read_journal(run.folder.journal))
    chosen = chosen_trials(run, by=by, top=top, ensemble=ensemble)
    candidates = candidates_of(plan_of(run.settings), search_state, chosen)
    todo = open_repeats(candidates, repeats, search_state, run.folder)
    return PlannedConfirmation(run, search_state, candidates, repeats, todo)


def confirmed(run: Run) -> Confirmation:
    """What the repeats of a run came to.

    Raises:
        SearchFailed: where none came to a result.
    """
    found = confirmation(run)
    if found is None:
        errors = [error for error in run.repeats["error"].tolist() if error]
        raise SearchFailed(f"no repeat came to a result; {errors[-1] if errors else 'all of them diverged'}")
    return found


def chosen_trials(run: Run, *, by: By, top: int, ensemble: bool = False) -> list[str]:
    """The trials to confirm: the best by the objective, or the knee of the frontier and then its best.

    Args:
        run: the run.
        by: as above.
        top: most of them.
        ensemble: the trials among the members of the run's ensemble as well, so that it can be evaluated.

    Raises:
        InputError: where no trial has finished an epoch, none is on the frontier, or there is no ensemble, as asked for.
    """
    objective = run.objective
    among = frontier(run.candidates, objective=objective) if by == "frontier" else run.candidates
    ranked: list[str] = rank(among, by="accuracy" if by == "accuracy" else "metric", objective=objective)[
        "trial_id"
    ].tolist()
    if not ranked and not rank(run.candidates, objective=objective).empty:
        raise InputError(
            f"no trial of {run.name} is better than a constant answer, so the frontier is empty; give metric to confirm the "
            "best all the same, or search on",
            option="by",
            value=by,
        )
    if not ranked:
        raise InputError(
            f"{run.name}: no trial has finished an epoch, so there is nothing to confirm; wait or resume the search, or see "
            f"with `python -m tuner report {run.folder.reference}` why they failed"
        )
    if by == "frontier":
        at_knee = knee(run.candidates, objective=objective)
        ranked.sort(key=lambda trial: trial != at_knee)
    chosen = ranked[:top]
    if ensemble:
        chosen += [name for name in _members(run) if name not in (*chosen, *run.rivals["rival"])]
    return chosen


def _members(run: Run) -> list[str]:
    """Of the run's ensemble.

    Raises:
        InputError: where it has none.
    """
    found = ensemble_of(run)
    if found is None:
        raise InputError(
            f"the predictions of fewer than two models of {run.name} are kept; leave it out, or resume the search with more "
            "trials",
            option="ensemble",
        )
    if found.is_single:
        raise InputError(f"{found.sentence} on the validation texts; leave it out", option="ensemble")
    return [member.name for member in found.members]
