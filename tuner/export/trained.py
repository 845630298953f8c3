"""Trials of a run that can be exported: which are meant, and all that their models are made of. Needs no TensorFlow."""

import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.columns import plain
from analysis.ensembles import ENSEMBLE, usable_ensemble
from analysis.frontier import frontier, knee
from analysis.loading import Run, load
from analysis.predictions import thresholds
from analysis.ranking import rank
from analysis.students import TEACHER
from search_spaces.config import CustomConfig, TrialConfig
from tuner.data.encoder import Encoder
from tuner.data.vectors import load_vectors
from tuner.data.word_order import load_order
from tuner.errors import InputError
from tuner.export.trained_ensemble import EnsembleConfig, TrainedEnsemble
from tuner.formatting import listed
from tuner.models.counting import count_parameters
from tuner.models.custom.finding import ModelFacts
from tuner.models.custom.source import ModelSource
from tuner.models.network_spec import Network
from tuner.rivals.linear_model import NgramModel
from tuner.rivals.linear_model import read_model as read_rival
from tuner.rivals.names import LOGISTIC_REGRESSION, NB_SVM
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.search.custom_model import source_of
from tuner.search.plan import plan_of
from tuner.thresholds import Thresholds, thresholds_of

FRONTIER = "frontier"


@dataclass(frozen=True, eq=False)
class TrainedTrial:
    """One trial with the weights of its best epoch.

    Attributes:
        trial: its id.
        metrics: its row of ``Run.candidates`` or ``Run.trials`` without the configuration; None where a number is missing.
        weights: float32 arrays, in the order of ``tuner.models.weights``, or of a custom model's ``weights``.
        thresholds: for its answers, where the run's metric takes some and the predictions that they are chosen on are kept.
    """

    run: str
    settings: SearchSettings
    trial: str
    metrics: dict[str, Any]
    weights: tuple[NDArray[np.float32], ...]
    encoder: Encoder
    thresholds: Thresholds | None

    @property
    def fold(self) -> int:
        """The fold that it was validated on, where the search had folds; configurations are exported by their first."""
        return int(self.metrics.get("fold") or 1)

    @property
    def informative(self) -> bool:
        """Whether its ids are places in the informative order of the words."""
        return False


@dataclass(frozen=True, eq=False)
class TrainedNetwork(TrainedTrial):
    """A trial of one of the built-in networks."""

    config: TrialConfig
    network: Network

    @property
    def informative(self) -> bool:
        """As of every trial."""
        return self.config.vocabulary_order == "informative"

    @property
    def vocabulary_size(self) -> int:
        """Token ids that the model knows."""
        return self.network.vocabulary

    def keras_model(self) -> Any:
        """The Keras model with the trial's weights: token ids to ``outputs``."""
        from tuner.models.keras_model import build_model

        built = build_model(self.network)
        for variable, weight in zip(built.weights, self.weights, strict=True):
            variable.assign(weight)
        return built

    def inference_network(self) -> Any:
        """A ``tf.Module`` whose ``probabilities(tokens, lengths)`` are classes and probabilities."""
        from tuner.export.saved_model import InferenceNetwork

        return InferenceNetwork(self.network, self.weights)

    def summary(self) -> str:
        """What the model is, as Markdown."""
        network, count = self.network, count_parameters(self.network)
        return (
            f"{_body(network)} with {network.pooling} pooling: {count.total:,} parameters ({count.embedding:,} looked up by "
            f"word, {count.recurrent:,} in the layers over the words, {count.head:,} in the head).{self._taught}"
        )

    @property
    def _taught(self) -> str:
        """Whose probabilities a student was trained on, as a sentence."""
        teacher = self.metrics.get(TEACHER)
        return "" if teacher is None else f" It was trained on the probabilities of a teacher: {teacher}."

    def outputs(self) -> str:
        """What the Keras model gives, for a sentence of the card."""
        if self.network.outputs == 1:
            return "one logit a text: its sigmoid is the probability of the second label in `labels.json`"
        return "one logit a label, in the order of `labels.json`: their softmax are the probabilities"


@dataclass(frozen=True, eq=False)
class TrainedCustomModel(TrainedTrial):
    """A trial of a custom model.

    Attributes:
        config: the values of its active hyperparameters.
        source: the modules that build it, as they are now.
        facts: what its builder may ask about the data.
        is_changed: whether a module is not what it was when the search began.
    """

    config: CustomConfig
    source: ModelSource
    facts: ModelFacts
    is_changed: bool

    @property
    def vocabulary_size(self) -> int:
        """Token ids that the model knows."""
        return self.facts.vocabulary_size

    def keras_model(self) -> Any:
        """What its modules build, with the trial's weights.

        Raises:
            InputError: where they do not build it, or build a model that these weights are not of.
        """
        from tuner.export.custom_network import built_with_weights

        return built_with_weights(self).model

    def inference_network(self) -> Any:
        """As of a ``TrainedNetwork``."""
        from tuner.export.custom_network import CustomNetwork

        return CustomNetwork(self)

    def summary(self) -> str:
        """What the model is, as Markdown."""
        metrics, changed = self.metrics, ""
        if self.is_changed:
            changed = " Its modules have changed since the search began: this is what they build now, with the trial's weights."
        return (
            f"A Keras model that `{self.source.name}` builds: {metrics['parameters']:,} parameters "
            f"({metrics['embedding_parameters']:,} in embedding layers). A text is padded with 0 as in training, whatever lies "
            f"beside it in a batch.{changed}"
        )

    def outputs(self) -> str:
        """What the Keras model gives, for a sentence of the card."""
        return "what your custom model gives; where it has layers of your own, import their module first, which registers them"


class RivalConfig(BaseModel):
    """What there is to say of how a rival was fitted.

    Attributes:
        inverse_regularization: scikit-learn's C.
        longest_ngram: in tokens.
        ngrams: how many there are.
        texts: that it was fitted to.
    """

    inverse_regularization: float
    longest_ngram: int
    ngrams: int
    texts: int


@dataclass(frozen=True, eq=False)
class TrainedRival:
    """A linear model of n-grams that was fitted beside the trials.

    Attributes:
        trial: its name.
        metrics: by column of ``trials.parquet``; None where a number is missing.
        thresholds: as of a ``TrainedTrial``.
    """

    run: str
    settings: SearchSettings
    trial: str
    metrics: dict[str, Any]
    encoder: Encoder
    thresholds: Thresholds | None
    config: RivalConfig
    model: NgramModel

    @property
    def vocabulary_size(self) -> int:
        """Token ids that the model knows."""
        return self.model.vocabulary_size

    @property
    def informative(self) -> bool:
        """As of every trial."""
        return False

    def inference_network(self) -> Any:
        """As of a ``TrainedNetwork``."""
        from tuner.export.ngram_network import NgramNetwork

        return NgramNetwork(self.model)

    def summary(self) -> str:
        """What the model is, as Markdown."""
        weighed = {
            LOGISTIC_REGRESSION: "A logistic regression on TF-IDF",
            NB_SVM: "A logistic regression on features weighed by log-count ratios of naive Bayes (NB-SVM)",
        }[self.trial]
        return f"{weighed} of n-grams of 1 to {self.model.longest} tokens: {self.model.parameters:,} parameters."


TrainedSingle = TrainedNetwork | TrainedCustomModel | TrainedRival
TrainedModel = TrainedSingle | TrainedEnsemble


def _body(network: Network) -> str:
    words = "one-hot words" if network.one_hot else f"word vectors of {network.embedding} numbers"
    if network.vectors != "none":
        words = f"{words} ({network.vectors}, pretrained)"
    if not network.layers:
        return words[0].upper() + words[1:]
    direction = "bidirectional " if network.bidirectional else ""
    activation = "sigmoid " if network.activation == "sigmoid" else ""
    extras = " with a projection" * network.projection + " with a residual connection" * network.residual
    return f"A {direction}{activation}{network.cell} of {network.layers} x {network.units} units{extras} over {words},"


def open_run(run: str, runs_dir: Path) -> tuple[Run, Encoder]:
    """A run, wherever its folder lies now, and its encoder.

    Raises:
        InputError: where there is none or a file of it is missing or damaged.
    """
    loaded = load(run, runs_dir=runs_dir)
    loaded = replace(loaded, folder=loaded.folder.with_models())
    return loaded, Encoder.load(loaded.folder.encoder)


def chosen_trials(run: Run, wanted: str) -> list[str]:
    """The ids meant by "best", "knee", "frontier" (ascending parameters) or an id, whose leading zeros may be left out.

    "ensemble" stands for itself.

    Raises:
        InputError: where no trial is meant.
    """
    if wanted in ("best", "knee", FRONTIER):
        ranked = rank(run.candidates, objective=run.objective)
        if ranked.empty:
            raise InputError(
                f"no trial of {run.name} has finished an epoch; wait or resume the search, or see with "
                f"`python -m tuner report {run.folder.reference}` why they failed",
                option="trial",
                value=wanted,
            )
        if wanted == "best":
            return [str(ranked["trial_id"].iloc[0])]
        front = [str(trial) for trial in frontier(run.candidates, objective=run.objective)["trial_id"]]
        if not front:
            raise InputError(
                f"no trial of {run.name} is better than a constant answer, so the frontier is empty; give best to export the "
                "best all the same, or search on",
                option="trial",
                value=wanted,
            )
        return front if wanted == FRONTIER else [str(knee(run.candidates, objective=run.objective))]
    if wanted == ENSEMBLE:
        return [ENSEMBLE]
    trial = run.trial_named(wanted)
    if trial is not None and trial not in set(run.rivals["rival"][run.rivals["error"].notna()]):
        return [trial]
    raise InputError(
        f"{run.name} has no such trial; give best, knee, frontier, ensemble or one of {listed(_kept(run))}",
        option="trial",
        value=wanted,
    )


def read_model(run: Run, encoder: Encoder, trial: str) -> TrainedModel:
    """The model of a trial, a rival, or the ensemble of the run.

    Raises:
        InputError: where there is no ensemble; where its weights were not kept, naming the trials whose were; where they do
            not fit; or where a module of a custom model is gone.
    """
    return _read_ensemble(run, encoder) if trial == ENSEMBLE else _read_single(run, encoder, trial)


def _read_ensemble(run: Run, encoder: Encoder) -> TrainedEnsemble:
    found = usable_ensemble(run, option="trial")
    members = tuple(_read_single(run, encoder, member.name) for member in found.members)
    objective = run.objective
    metrics = {
        objective.column: found.value,
        "val_loss": found.found.loss,
        objective.test_column: None,  # the test texts are for what `confirm` trains again, member by member
        "parameters": found.parameters,
    }
    if all(member.informative for member in members):
        encoder = members[0].encoder
    return TrainedEnsemble(
        run.name, run.settings, ENSEMBLE, metrics, encoder, thresholds_of(found.found, objective),
        EnsembleConfig(members={member.name: member.weight for member in found.members}), members, found,
    )  # fmt: skip


def _read_single(run: Run, encoder: Encoder, trial: str) -> TrainedSingle:
    if trial in set(run.rivals["rival"]):
        return _read_rival(run, encoder, trial)
    rows = run.candidates if trial in set(run.candidates["trial_id"]) else run.models
    row = rows[rows["trial_id"] == trial].iloc[0]
    values = {str(name): plain(value) for name, value in row.items()}
    metrics = {name: value for name, value in values.items() if not name.startswith("config/")}
    weights, chosen = _read_weights(run, trial), _thresholds(run, trial)
    hypermodel = run.settings.hypermodel
    if hypermodel is not None:
        config = CustomConfig.of(SearchState(read_journal(run.folder.journal)).trials[trial].config)
        source = source_of(hypermodel, option="hypermodel")
        return TrainedCustomModel(
            run.name, run.settings, trial, metrics, weights, encoder, chosen, config, source, _facts(run),
            is_changed=source.digests() != hypermodel.sources,
        )  # fmt: skip
    # A run of an older version knows fewer hyperparameters; those that came later are at their defaults there.
    known = [name for name in TrialConfig.model_fields if f"config/{name}" in values]
    ours = TrialConfig(**{name: values[f"config/{name}"] for name in known})
    network = plan_of(run.settings).network(ours)
    vectors = load_vectors(run.folder.encoder) if network.vectors == "frozen" else None
    if ours.vocabulary_order == "informative":
        order = load_order(run.folder.encoder)
        encoder = replace(encoder, vocabulary=encoder.vocabulary.ordered(order))
        vectors = None if vectors is None else vectors[order]
    if vectors is not None:
        weights = (vectors[: network.vocabulary], *weights)
    if sum(weight.size for weight in weights) != count_parameters(network).total:
        raise InputError(f"{run.folder.weights(trial)}: is not of the network in the journal; restore the run folder")
    return TrainedNetwork(run.name, run.settings, trial, metrics, weights, encoder, chosen, ours, network)


def _read_rival(run: Run, encoder: Encoder, name: str) -> TrainedRival:
    path = run.folder.rival(name)
    try:
        model = read_rival(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}); restore the file or export a trial") from None
    row = run.rivals[run.rivals["rival"] == name].iloc[0]
    tested = run.repeats[(run.repeats["model"] == name) & (run.repeats["status"] == "completed")]
    column = run.objective.test_column
    metrics = {str(key): plain(value) for key, value in row.items()}
    metrics |= {column: None if tested.empty else float(tested[column].iloc[0])}
    config = RivalConfig(
        inverse_regularization=metrics["strength"],
        longest_ngram=model.longest,
        ngrams=len(model.keys),
        texts=metrics["texts"],
    )
    return TrainedRival(run.name, run.settings, name, metrics, encoder, _thresholds(run, name), config, model)


def _thresholds(run: Run, trial: str) -> Thresholds | None:
    """The thresholds of a trial or a rival. None, too, of a run of an earlier version, which kept no predictions."""
    return thresholds(run, trial) if run.folder.validation(trial).exists() else None


def _facts(run: Run) -> ModelFacts:
    data = run.settings.data
    vectors = load_vectors(run.folder.encoder) if run.settings.vectors is not None else None
    return ModelFacts(data.vocabulary_size, len(data.label_names), data.max_length, vectors)


def _read_weights(run: Run, trial: str) -> tuple[NDArray[np.float32], ...]:
    path = run.folder.weights(trial)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        kept = _kept(run)
        remedy = f"trials with weights: {listed(kept)}" if kept else "no trial of the run has weights"
        raise InputError(
            f"its weights were not kept (that is for the most accurate, the frontier and those that run); {remedy}",
            option="trial",
            value=trial,
        ) from None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return tuple(archive[f"w{number:03d}"] for number in range(len(archive.files)))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path}: is damaged, it holds no weights; restore the file or export another trial") from None


def _kept(run: Run) -> list[str]:
    return [str(trial) for trial in run.models["trial_id"] if run.folder.weights(str(trial)).is_file()]
