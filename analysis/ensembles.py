"""The ensemble of a run: an average of the probabilities of kept models, chosen greedily on the validation texts.

It is what ``rank`` and the report show, ``export --trial ensemble`` writes and ``distill --teacher ensemble`` teaches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.descriptions import percent, value_text
from analysis.loading import Run
from analysis.predictions import validation_predictions
from analysis.ranking import rank
from tuner.errors import InputError
from tuner.formatting import listed
from tuner.measures import Predictions
from tuner.metrics import Objective, is_users_own

ENSEMBLE = "ensemble"
"""What it is called where a trial is named."""

FOLDS = 5
_ROUNDS = 20
_ROUNDS_WITHOUT_GAIN = 5
_LEAST = 1e-12  # less is rounding
_SMALLEST = 2.0**-25  # of the probabilities that float16 keeps as 0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """A model of an ensemble.

    Attributes:
        name: of a trial or a rival.
        weight: its share of the average, 0 to 1.
        parameters: how many it has.
        value: the metric that it has alone, of what is kept of its predictions.
    """

    name: str
    weight: float
    parameters: int
    value: float


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A weighted mean of the probabilities of models.

    Attributes:
        members: the largest weight first, of equal ones the better.
        objective: what they were chosen by.
        value: it has on the validation texts, on which they were chosen: too good.
        cross_fitted: the value where the ensemble that answers a text is chosen on other texts.
        best: the one model that is best alone on these texts, with weight 1.
        candidates: models whose predictions are kept, of which they were chosen.
        found: the mean of what the members predicted of the validation texts.

    >>> two = [Member("00011", 0.6, 8_801, 0.89), Member("nb-svm", 0.4, 2_304, 0.8)]
    >>> analysis.Ensemble(two, ACCURACY, 0.91, 0.9, two[0], 2, found=None).parameters
    11105
    """

    members: tuple[Member, ...]
    objective: Objective
    value: float
    cross_fitted: float
    best: Member
    candidates: int
    found: Predictions

    @property
    def parameters(self) -> int:
        """Of all members together."""
        return sum(member.parameters for member in self.members)

    @property
    def is_single(self) -> bool:
        """Whether no average is better than one model alone."""
        return len(self.members) == 1

    @property
    def gains(self) -> bool:
        """Whether it is better than the best alone on texts that it is not chosen on."""
        return _score(self.cross_fitted, self.objective) > _score(self.best.value, self.objective) + _LEAST

    @property
    def title(self) -> str:
        """Members and weights: ``00011 (60 %), nb-svm (40 %)``."""
        return ", ".join(f"{member.name} ({percent(member.weight, 0)})" for member in self.members)

    @property
    def cross_fitted_text(self) -> str:
        """The cross-fitted value as people read it."""
        return value_text(self.cross_fitted, self.objective)

    @property
    def best_text(self) -> str:
        """The value of the best alone as people read it."""
        return value_text(self.best.value, self.objective)

    @property
    def sentence(self) -> str:
        """Its members, values and size, in one line."""
        if self.is_single:
            return f"no average of the {self.candidates} kept models is better than {self.best.name} alone"
        return (
            f"{self.title}: {value_text(self.value, self.objective)} validation {self.objective.metric.title} with "
            f"{self.parameters:,} parameters; chosen on these texts, {self.cross_fitted_text} where it is chosen on others "
            f"({FOLDS} folds), {'better' if self.gains else 'no better'} than {self.best.name} alone ({self.best_text})"
        )

    def document(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {
            "members": [vars(member) for member in self.members],
            "parameters": self.parameters,
            self.objective.column: self.value,
            "cross_fitted": self.cross_fitted,
            "best_alone": vars(self.best),
            "candidates": self.candidates,
        }


def ensemble(run: Run) -> Ensemble | None:
    """The ensemble of a run; None where the predictions of fewer than two models are kept.

    Greedy selection with replacement (Caruana et al. 2004, Ensemble Selection from Libraries of Models): from the best model
    on, the one is added that makes the metric of the mean of the probabilities best, the same one again too; of equal ones a
    member, else the better one alone. It ends after 20 models, or 5 without a gain, and the best beginning is taken.
    Candidates are the trials whose weights are kept and the rivals; with folds the configurations, by their trial on fold 1,
    on the texts of that fold. Students are none: what they learn of this ensemble must not change it.

    Raises:
        InputError: where predictions cannot be read, or a metric of the user's own cannot be imported from here.

    >>> print(analysis.ensemble(run))  # this run keeps no predictions of the validation texts
    None
    """
    sizes = dict(_candidates(run))
    if len(sizes) < 2:
        return None
    names, objective = list(sizes), run.objective
    every = [validation_predictions(run, name) for name in names]
    labels = every[0].labels
    for name, found in zip(names, every, strict=True):
        if not np.array_equal(found.labels, labels):
            path, first = run.folder.validation(name), run.folder.validation(names[0])
            raise InputError(f"{path}: is of other texts than {first}; restore the run folder")
    texts = _Texts(
        np.maximum(np.exp(np.stack([found.log_probabilities for found in every])), _SMALLEST),
        labels,
        run.settings.data.label_names,
        objective,
    )
    alone = [texts.measured(counts) for counts in np.eye(len(names), dtype=np.int64)]
    counts = texts.chosen()
    members = [
        Member(names[place], float(counts[place] / counts.sum()), sizes[names[place]], alone[place])
        for place in sorted(
            np.flatnonzero(counts), key=lambda place: (-counts[place], -_score(alone[place], objective))
        )
    ]
    best = max(range(len(names)), key=lambda place: _score(alone[place], objective))
    return Ensemble(
        tuple(members),
        objective,
        texts.measured(counts),
        texts.cross_fitted(),
        Member(names[best], 1.0, sizes[names[best]], alone[best]),
        len(names),
        texts.mean(counts),
    )


def usable_ensemble(run: Run, *, option: str) -> Ensemble:
    """The ensemble of a run, for whom needs one.

    Args:
        option: the parameter by which a user asks for it.

    Raises:
        InputError: where there is none, or as ``ensemble``.
    """
    found = ensemble(run)
    if found is None:
        kept = [name for name, _ in _candidates(run)]
        raise InputError(
            f"an ensemble needs two models whose predictions are kept, {run.name} has {listed(kept) or 'none'}; give "
            f"`{option}=best`, or resume the search with more trials",
            option=option,
            value=ENSEMBLE,
        )
    if found.is_single:
        raise InputError(
            f"{found.sentence} on the validation texts; give `{option}={found.best.name}`",
            option=option,
            value=ENSEMBLE,
        )
    return found


def _candidates(run: Run) -> Iterator[tuple[str, int]]:
    """Names and sizes of the models that may be members, the best trial first, the rivals last."""
    folds = run.settings.folds is not None
    ranked = rank(run.candidates if folds else run.trials, objective=run.objective)
    rivals = run.rivals[run.rivals["error"].isna()]
    columns = [(ranked["trial_id"], ranked["parameters"])]
    if not folds:  # rivals are evaluated on the run's one split, which no fold has
        columns.append((rivals["rival"], rivals["parameters"]))
    for names, sizes in columns:
        for name, size in zip(names.tolist(), sizes.tolist(), strict=True):
            if run.folder.validation(str(name)).exists() and not pd.isna(size):
                yield str(name), int(size)


def _score(value: float, objective: Objective) -> float:
    """Higher is better; what is no number is worst."""
    return -np.inf if np.isnan(value) else objective.turned(value)


@dataclass(frozen=True, eq=False)
class _Texts:
    """What all candidates said of texts.

    Attributes:
        probabilities: [models, texts, classes].
        labels: [texts].
    """

    probabilities: Floats
    labels: NDArray[np.integer[Any]]
    label_names: Sequence[str]
    objective: Objective

    def of(self, texts: NDArray[np.bool_]) -> "_Texts":
        """Some of the texts."""
        return _Texts(self.probabilities[:, texts], self.labels[texts], self.label_names, self.objective)

    def mean(self, counts: NDArray[np.int64]) -> Predictions:
        """What the average says in which each model is as often as ``counts`` [models] has it."""
        return self._predictions(np.tensordot(counts / counts.sum(), self.probabilities, 1))

    def measured(self, counts: NDArray[np.int64]) -> float:
        """The metric of such an average."""
        return self._measured(self.mean(counts))

    def chosen(self) -> NDArray[np.int64]:
        """How often each model is in the ensemble: int64 [models]."""
        counts = np.zeros(len(self.probabilities), np.int64)
        best, best_score, gained = counts, -np.inf, 0
        total = np.zeros(self.probabilities.shape[1:])
        for size in range(1, _ROUNDS + 1):
            scores = [
                _score(self._measured(self._predictions((total + one) / size)), self.objective)
                for one in self.probabilities
            ]
            reached = max(scores)
            equal = [place for place, score in enumerate(scores) if score >= reached - _LEAST]
            place = next((one for one in equal if counts[one]), equal[0])
            counts[place] += 1
            total += self.probabilities[place]
            if reached > best_score + _LEAST or size == 1:
                best, best_score, gained = counts.copy(), reached, size
            elif size - gained >= _ROUNDS_WITHOUT_GAIN:
                break
        return best

    def cross_fitted(self) -> float:
        """The metric where every fifth text is answered by the ensemble that is chosen on the others."""
        fold = np.arange(len(self.labels)) % FOLDS
        mean = np.empty(self.probabilities.shape[1:])
        for number in range(min(FOLDS, len(self.labels))):
            counts = self.of(fold != number).chosen()
            mean[fold == number] = np.tensordot(counts / counts.sum(), self.probabilities[:, fold == number], 1)
        return self._measured(self._predictions(mean))

    def _predictions(self, mean: Floats) -> Predictions:
        return Predictions(self.labels, mean.argmax(axis=1), np.log(mean), self.label_names)

    def _measured(self, found: Predictions) -> float:
        metric = self.objective.metric
        try:
            return float(metric.measure(found))
        except (ImportError, AttributeError) as error:
            if not is_users_own(metric.name):
                raise
            raise InputError(
                f"the metric {metric.name} cannot be imported here ({error}), so no ensemble can be measured by it; go to the "
                "folder of its module"
            ) from None
