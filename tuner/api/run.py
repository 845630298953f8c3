"""What a search returns: its run, while it goes on and afterwards, and the models that leave it."""

import threading
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import analysis
from analysis import charts
from analysis.class_words import ClassWords
from analysis.compound_scaling import CompoundScaling
from analysis.ensembles import Ensemble
from analysis.loading import Run, load
from analysis.ranking import By
from tuner.api.live import chart_html
from tuner.cli.progress import Standing
from tuner.costs import with_cost
from tuner.errors import InputError
from tuner.operations.explanations import by_gradients, measured_words, one_model, one_trial, sampled_texts
from tuner.operations.reports import write_whole_report
from tuner.runs.folder import RunFolder
from tuner.runs.journal import read_journal
from tuner.runs.search_state import SearchState
from tuner.search.interruption import Interrupted, Interruption

if TYPE_CHECKING:
    from tuner.export.explanation import Explanation


class SearchRun:
    """A run: its folder is the truth, and every answer is read from there. Displays as a table and a chart in a notebook.

    Attributes:
        name: of the run, as the command line has it.
        path: its folder, or URL.

    >>> search_run.knee, len(search_run.frontier())
    ('00006', 6)
    """

    def __init__(self, folder: RunFolder) -> None:
        """Of the run in a folder; nothing is read before it is asked for."""
        # Whole, so that it is found when the caller has gone to another folder since.
        self._folder = folder if folder.remote is not None else RunFolder(folder.path.absolute())
        self._thread: threading.Thread | None = None
        self._interruption = Interruption()
        self._error: BaseException | None = None
        self.name, self.path = self._folder.name, self._folder.place

    def __repr__(self) -> str:
        if not self._folder.journal.exists():
            return f"<run {self.name}, {self._why_not_begun}>"
        loaded = self.loaded
        return f"<run {self.name} in {self.path}: {len(loaded.trials):,} of {loaded.settings.trials:,} trials>"

    def _repr_html_(self) -> str:
        if not self._folder.journal.exists():
            return f"<p>run {escape(self.name)}, {escape(self._why_not_begun)}</p>"
        loaded = self.loaded
        search_state, objective = SearchState(read_journal(loaded.folder.journal)), loaded.objective
        ranked = analysis.rank(loaded.candidates, top=10, objective=objective)
        shown = ["rank", "trial_id", objective.column, "parameters", "best_epoch", "epochs", "status", "on_frontier"]
        standing = Standing(search_state, loaded.settings.resources.concurrency).text()
        chart = "" if ranked.empty else chart_html(charts.frontier(loaded.candidates, objective=objective))
        return f"<p><b>{escape(self.name)}</b>: {escape(standing)}</p>{ranked[shown].to_html(index=False)}{chart}"

    @property
    def _why_not_begun(self) -> str:
        return "which has not begun" if self._error is None else f"which could not begin: {self._error}"

    @property
    def loaded(self) -> Run:
        """The run as ``analysis.load`` gives it, as it is now."""
        return load(self.path)

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial, the columns of ``trials.parquet``."""
        return self.loaded.trials

    @property
    def epochs(self) -> pd.DataFrame:
        """One row per trial and epoch, the columns of ``epochs.parquet``."""
        return self.loaded.epochs

    @property
    def best(self) -> str:
        """The id of the best trial by the metric of the search.

        Raises:
            InputError: where no trial has finished an epoch.
        """
        ranked = self.rank(top=1)
        if ranked.empty:
            raise InputError(f"no trial of {self.name} has finished an epoch")
        return str(ranked["trial_id"].iloc[0])

    @property
    def knee(self) -> str | None:
        """The id of the trial where more parameters begin to pay least; None where no trial is worth anything."""
        loaded = self.loaded
        return analysis.knee(loaded.candidates, objective=loaded.objective)

    def rank(
        self,
        *,
        by: By = "metric",
        top: int | None = None,
        max_params: int | None = None,
        max_bytes: int | None = None,
        cost: str = "parameters",
    ) -> pd.DataFrame:
        """The trials in order, as ``analysis.rank`` has it.

        Args:
            by: "metric", "accuracy", "frontier" or "knee".
            top: rows, None for all.
            max_params: only trials of at most so many parameters.
            max_bytes: only trials of at most so many bytes, as ``tuner.costs.with_costs`` estimates them.
            cost: what frontier and knee are against: "parameters", "multiply_adds" (of a text of mean length), "bytes", or of
                measured trials "exported_bytes" or "latency".

        Raises:
            InputError: where the cost is not one, or is not known of these models.
        """
        loaded = with_cost(self.loaded, [cost, *(["bytes"] if max_bytes is not None else [])])
        return analysis.rank(
            loaded.candidates, by=by, top=top, max_params=max_params, max_bytes=max_bytes, objective=loaded.objective, cost=cost
        )  # fmt: skip

    def frontier(self, *, cost: str = "parameters") -> pd.DataFrame:
        """The trials that no other is both cheaper and better than, from the cheapest up.

        Args:
            cost: as in ``rank``.

        Raises:
            InputError: likewise.
        """
        loaded = with_cost(self.loaded, [cost])
        return analysis.frontier(loaded.candidates, objective=loaded.objective, cost=cost)

    def forecast(
        self,
        *others: "SearchRun | str | Path",
        params: int | None = None,
        epochs: int | None = None,
        texts: int | None = None,
    ) -> pd.DataFrame:
        """What a larger network, longer training or more texts would reach, as ``analysis.forecast`` has it.

        Args:
            others: runs on fewer or more texts of the same data, for ``texts``.
            params: of the larger network; by default twice the largest.
            epochs: by default twice those trained.
            texts: to train on.

        Raises:
            InputError: where the runs do not bear it.
        """
        loaded = [load(other.path if isinstance(other, SearchRun) else other) for other in others]
        return analysis.forecast(self.loaded, *loaded, params=params, epochs=epochs, texts=texts)

    def scale(self, *, to: int) -> CompoundScaling:
        """The configurations of larger networks that its frontier predicts, as ``analysis.scale`` has them.

        Args:
            to: parameters of the largest, at most 10 times the largest of the run.

        Raises:
            InputError: where the run does not bear it.
        """
        return analysis.scale(self.loaded, to=to)

    def ensemble(self) -> Ensemble | None:
        """The average of kept models that is best on the validation texts, with members, weights and a cross-fitted value.

        None where the predictions of fewer than two models are kept. ``tuner.export(run, trial="ensemble")`` writes it.
        """
        return analysis.ensemble(self.loaded)

    def explain(self, text: str, *, trial: str = "knee", class_name: str | None = None) -> "Explanation":
        """Which words of a text mattered to a built-in network of the run, by integrated gradients.

        The weights add up, to 1 %, to what the log-odds are more than those of as many zero vectors. ``Model.explain`` explains
        any exported model, by leaving words out.

        Args:
            text: raw.
            trial: "best", "knee" or an id.
            class_name: the class to explain, by default the predicted one.

        Raises:
            InputError: where it is no text or has no words, or the trial is no network with word vectors or has no such class.

        >>> search_run.explain("not good", trial="00005").words["word"].tolist()
        ['not', 'good']
        """
        if not isinstance(text, str):
            raise InputError(f"{text!r} is no text; give a string", option="text")
        return by_gradients(one_model(self._folder.place, self._folder.path.parent, trial))(text, class_name)

    def words(self, *, trial: str = "knee", sample: int = 200) -> ClassWords:
        """Which words decide for each class: every word of some validation texts is left out in turn.

        Args:
            trial: "best", "knee", "ensemble", an id or the name of a rival.
            sample: validation texts to look at, evenly spaced.

        Returns:
            The words, kept in the run for its report as well: ``words.top("positive", 10)``.

        Raises:
            InputError: where the trial cannot be exported, or the data are gone or have changed.

        >>> search_run.words(trial="00005", sample=20).texts
        20
        """
        loaded = self.loaded
        return measured_words(loaded, one_trial(loaded, trial), sampled_texts(loaded, sample))

    def report(self, path: str | Path | None = None, *, no_texts: bool = False, cost: str = "parameters") -> Path:
        """Writes the report, one HTML file that needs nothing else, and returns where.

        Args:
            path: by default ``report.html`` in the run.
            no_texts: leave every text of the data out of it, for private data.
            cost: what frontier and knee are against, as in ``rank``.

        Raises:
            InputError: where it cannot be written, or as ``rank``.
        """
        loaded = self.loaded
        place = Path(path) if path is not None else loaded.folder.path / "report.html"
        write_whole_report(loaded, place, with_texts=not no_texts, cost=cost)
        if path is None:
            loaded.folder.publish(place)
        return place

    @property
    def charts(self) -> "Charts":
        """Its charts: ``run.charts.frontier()``."""
        return Charts(self)

    @property
    def is_running(self) -> bool:
        """Whether a search that was begun with ``background=True`` goes on."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Ends a search that runs in the background, gracefully, and waits for that; ``tuner.resume`` goes on with it."""
        self._interruption.ask()
        self.wait()

    def wait(self, timeout: float | None = None) -> "SearchRun":
        """Waits for a search that runs in the background.

        Args:
            timeout: seconds after which it returns in any case; None to wait to the end.

        Raises:
            TunerError: what ended the search.
        """
        if self._thread is not None:
            self._thread.join(timeout)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self

    def conduct(self, conduct: Callable[[Interruption], None], *, background: bool) -> None:
        """Lets a function run the search, here or in a thread of its own. It is what ``tuner.search`` calls."""
        if not background:
            conduct(self._interruption)
            return

        def guarded() -> None:
            try:
                conduct(self._interruption)
            except Interrupted:
                pass  # it was stopped before there was anything to keep
            except BaseException as error:  # noqa: BLE001  told by wait, where somebody hears it
                self._error = error

        self._thread = threading.Thread(target=guarded, name=f"search {self.name}", daemon=True)
        self._thread.start()


class Charts:
    """The charts of a run, which Jupyter displays; ``analysis.charts.save(chart, "frontier.png")`` writes one."""

    def __init__(self, run: SearchRun) -> None:
        """Of a run."""
        self._run = run

    def frontier(self, *, cost: str = "parameters") -> Any:
        """All trials and the frontier: the metric against parameters, or another cost as in ``SearchRun.rank``."""
        loaded = with_cost(self._run.loaded, [cost])
        return charts.frontier(loaded.candidates, objective=loaded.objective, cost=cost)

    def learning_curves(self, *, top: int = 5) -> Any:
        """Training and validation of the best trials, epoch by epoch."""
        return charts.learning_curves(self._run.loaded, top=top)

    def importance(self) -> Any:
        """Which hyperparameters decide how good a trial is."""
        loaded = self._run.loaded
        table = analysis.importance(loaded.trials, objective=loaded.objective)
        return charts.importance(table, objective=loaded.objective)

    def effect(self, name: str) -> Any:
        """The trials by the values of one hyperparameter."""
        loaded = self._run.loaded
        return charts.effect(loaded.trials, name, objective=loaded.objective)


class Model:
    """An exported model.

    Attributes:
        path: its folder; ``python -m tuner predict PATH`` takes it as well.
        labels: names of the classes.

    >>> list(tuner.Model("exports/reviews-00005").predict(["a lovely hotel"]))
    ['text', 'label', 'probability', 'probability_meh', 'probability_no', 'probability_yes']
    """

    def __init__(self, path: str | Path) -> None:
        """Of a folder that ``tuner.export`` wrote; TensorFlow is loaded with the first text.

        Raises:
            InputError: where there is no exported SavedModel.
        """
        from tuner.export.predictor import Predictor

        self.path = Path(path)
        self._predictor = Predictor(self.path)
        self.labels = self._predictor.labels

    def __repr__(self) -> str:
        return f"<model in {self.path}: {', '.join(self.labels)}>"

    def explain(self, text: str, *, class_name: str | None = None) -> "Explanation":
        """Which words of a text mattered: the object has them as ``words``, and shows them coloured in a notebook.

        Args:
            text: raw.
            class_name: the class to explain, by default the predicted one.

        Raises:
            InputError: where it is no text, the model has no such class, or the text has no words.
        """
        from tuner.export.explanation import explain

        if not isinstance(text, str):
            raise InputError(f"{text!r} is no text; give a string", option="text")
        return explain(self._predictor, text, class_name)

    def predict(self, texts: str | Iterable[str]) -> pd.DataFrame:
        """One row per text: ``text``, ``label``, ``probability`` (of the label), and ``probability_<label>`` of each class.

        Args:
            texts: a text, or several.

        Raises:
            InputError: where one is not text.
        """
        given = [texts] if isinstance(texts, str) else list(texts)
        wrong = next((text for text in given if not isinstance(text, str)), None)
        if wrong is not None:
            raise InputError(f"{wrong!r} is no text; give strings", option="texts")
        found = list(self._predictor.predict(given))
        columns: dict[str, Any] = {
            "text": given,
            "label": [one.label for one in found],
            "probability": [one.probability for one in found],
        }
        for number, label in enumerate(self.labels):
            columns[f"probability_{label}"] = [one.probabilities[number] for one in found]
        return pd.DataFrame(columns)
