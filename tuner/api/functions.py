"""Searches, confirmations and exports from Python: what the command line does, with the same options."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial, wraps
from inspect import getdoc
from pathlib import Path
from typing import Any, TypeVar

import click

from analysis.compound_scaling import scale as scaled_up
from analysis.confirmation import Confirmation
from analysis.loading import load
from search_spaces.space import Space
from tuner.api.callbacks import Callbacks
from tuner.api.frames import in_memory
from tuner.api.live import NotebookProgress, in_notebook
from tuner.api.options import Parameters
from tuner.api.run import Model, SearchRun
from tuner.cli.confirm import repeat_line
from tuner.cli.model_commands import export as export_options
from tuner.cli.progress import EndedLines, Progress
from tuner.cli.progress import progress as lines_or_table
from tuner.cli.search_options import search as search_options
from tuner.cli.terminal import Terminal
from tuner.cli.training_commands import confirm as confirm_options
from tuner.cli.training_commands import resume as resume_options
from tuner.cli.training_commands import scale as scale_options
from tuner.errors import InputError, TunerError
from tuner.export.export import PREDICTING, export_run
from tuner.export.trained import FRONTIER
from tuner.operations.confirmations import confirmed, planned_confirmation
from tuner.operations.requests import search_request
from tuner.operations.searches import Search, new_search, reopened_search
from tuner.runs.folder import RunFolder, find_run
from tuner.runs.location import remote_folder
from tuner.runs.search_state import SearchState
from tuner.search.interruption import Interruption
from tuner.search.prepare import PreparedSearch, prepare_search
from tuner.search.scaling import prepare_scaled
from tuner.tracking.destinations import destinations

_LIVE = {"progress": True}
_SEARCH = Parameters(
    search_options,
    without=("dry_run", "as_json"),
    others={
        "data": None, "text": None, "label": None, "train": None, "validation": None, "test": None,
        "callbacks": (), "background": False, **_LIVE,
    },
    positional=("data",),
)  # fmt: skip
_RESUME = Parameters(
    resume_options,
    without=("as_json",),
    others={"run": None, "callbacks": (), "background": False, **_LIVE},
    positional=("run",),
)
_CONFIRM = Parameters(confirm_options, without=("as_json",), others={"run": None, **_LIVE}, positional=("run",))
_SCALE = Parameters(
    scale_options,
    without=("as_json", "train"),
    others={"run": None, "to": None, "callbacks": (), **_LIVE},
    positional=("run",),
)
_EXPORT = Parameters(export_options, others={"run": None}, positional=("run",))

Function = TypeVar("Function", bound=Callable[..., Any])


def _with_options(parameters: Parameters) -> Callable[[Function], Function]:
    """Gives a function the signature and the help of a command's options."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def called(*arguments: Any, **given: Any) -> Any:
            return function(*arguments, **given)

        called.__signature__ = parameters.signature()  # type: ignore[attr-defined]
        called.__doc__ = f"{getdoc(function)}\n\nOptions, as of the command line:\n{parameters.described()}\n"
        return called  # type: ignore[return-value]

    return decorate


@_with_options(_SEARCH)
def search(
    data: Any = None,
    *,
    text: str | Sequence[str] | None = None,
    label: str | Sequence[Any] | None = None,
    train: Any = None,
    validation: Any = None,
    test: Any = None,
    callbacks: Sequence[object] = (),
    background: bool = False,
    progress: bool = True,
    **options: Any,
) -> SearchRun:
    """Searches a space of networks on labelled texts, and returns the run.

    What is given in memory is kept with the run, so that ``resume``, ``confirm`` and ``export`` work later, here and on the
    command line. KeyboardInterrupt passes through; what is done by then is kept, and ``tuner.resume(name)`` goes on.

    Args:
        data: a pandas DataFrame, a list of texts, a Dataset or DatasetDict of the Hugging Face library; or, as on the command
            line, a path, a URL or a name; None for a generated corpus.
        text: the column of the texts, or several, which are joined; by default found.
        label: the column of the labels, by default found; beside a list of texts the list of their labels.
        train, validation, test: DataFrames in the place of ``data``, where the data are split.
        callbacks: objects with ``on_epoch`` (takes a ``tuner.api.callbacks.Epoch``), ``on_trial`` (a ``Trial``) or ``on_end``
            (the run). An error in one is a warning, and the search goes on.
        background: return at once; ``run.wait()`` and ``run.stop()`` end it.
        progress: show how the search goes: live in a notebook, a line a trial elsewhere.

    Raises:
        InputError: for what cannot be done, before anything is written.
        SearchFailed: where no trial finished an epoch.

    >>> run = tuner.search("reviews.csv", name="reviews", trials=12, max_params=50_000)  # doctest: +SKIP
    """
    held = in_memory(data, text=text, label=label, parts={"train": train, "validation": validation, "test": test})
    if held is None and label is not None and not isinstance(label, str):
        raise InputError("is a list; that is for a list of texts in `data`", option="label")
    space = options.pop("space", None)
    options = {"settings" if name == "set" else name: value for name, value in options.items()}
    columns = {"text_column": text, "label_column": label} if held is None else held.columns
    resolved = _SEARCH.values(
        {
            **_by_name(options),
            **_once(columns, options),
            "settings": _settings(options.get("settings")),
            "space": None if isinstance(space, Space) else space,
        }
    )
    track = destinations(resolved["track"])
    resolved["data"] = None if data is None or held is not None else str(data)
    resolved["name"] = resolved["name"] or datetime.now(tz=UTC).astimezone().strftime("%Y%m%d-%H%M%S")
    runs_dir, name = Path(resolved["runs_dir"]), resolved["name"]
    folder = RunFolder(runs_dir / name, remote_folder(runs_dir / name))
    with ExitStack() as stack:
        paths = {} if held is None else stack.enter_context(held.files(folder))
        request = search_request(
            {**resolved, **{option: str(path) for option, path in paths.items()}},
            space=space if isinstance(space, Space) else None,
        )
        prepared = _with_data_in(folder, prepare_search(request), paths)
        ready = new_search(prepared, runs_dir, track, data_files=list(paths.values()))
        return _conducted(ready, Callbacks(callbacks), stack.pop_all(), progress=progress, background=background)


@_with_options(_RESUME)
def resume(
    run: SearchRun | str | Path,
    *,
    callbacks: Sequence[object] = (),
    background: bool = False,
    progress: bool = True,
    **options: Any,
) -> SearchRun:
    """Goes on with a search that was interrupted, killed or is to have more trials, and returns the run.

    Args:
        run: a run, its name, or its folder.
        callbacks, background, progress: as in ``search``; what had happened before is not told again.

    Raises:
        InputError: where there is no such run, another process has it, or its data have changed.
        SearchFailed: where no trial finished an epoch.

    >>> run = tuner.resume("reviews", trials=20)  # doctest: +SKIP
    """
    resolved = _RESUME.values(options)
    folder = _folder(run, resolved.pop("runs_dir"))
    ready = reopened_search(folder, **resolved)
    if ready is None:
        return SearchRun(folder)
    with ExitStack() as stack:
        stack.enter_context(closing(ready))
        known = ready.store.search_state
        return _conducted(ready, Callbacks(callbacks, known), stack.pop_all(), progress=progress, background=background)


@_with_options(_CONFIRM)
def confirm(run: SearchRun | str | Path, *, progress: bool = True, **options: Any) -> Confirmation:
    """Trains the best trials again from other seeds and evaluates them on the test set; what is there already stays.

    Args:
        run: a run, its name, or its folder.
        progress: print a line for each training.

    Returns:
        ``models``, one row per model with its mean and interval, the ``sentence`` that says which to take, and more.

    Raises:
        InputError: where no trial can be confirmed, or the data are gone or have changed.
        SearchFailed: where no training came to a result.

    >>> tuner.confirm(search_run, top=2, repeats=4).texts  # repeats that are there are not trained again
    1600
    """
    resolved = _CONFIRM.values(options)
    loaded = load(_folder(run, resolved["runs_dir"]).place)
    repeats = resolved["repeats"]
    planned = planned_confirmation(
        loaded, by=resolved["by"], top=resolved["top"], repeats=repeats, ensemble=resolved["ensemble"]
    )
    if not planned.is_done:
        line = partial(repeat_line, repeats=repeats, objective=loaded.objective)
        on_step = EndedLines(Terminal(), line).show if progress else lambda _: None
        planned.train(data=resolved["data"], no_cache=resolved["no_cache"], on_step=on_step)
    return confirmed(load(loaded.folder.place))


@_with_options(_SCALE)
def scale(
    run: SearchRun | str | Path, *, to: int, callbacks: Sequence[object] = (), progress: bool = True, **options: Any
) -> SearchRun:
    """Trains the larger networks of ``run.scale`` in a run of their own, confirms them, and returns that run.

    Args:
        run: a run, its name, or its folder.
        to: parameters of the largest, at most 10 times the largest of the run.
        callbacks, progress: as in ``search``.

    Raises:
        InputError: where the run does not bear it, or there is a run of the new name.
        SearchFailed: where no trial finished an epoch, or no training came to a result.

    >>> larger = tuner.scale("reviews", to=500_000)  # doctest: +SKIP
    """
    resolved = _SCALE.values(options)
    runs_dir, repeats = resolved["runs_dir"], resolved.pop("repeats")
    if repeats == 1:
        raise InputError("a single training has no interval; give 2 or more, or 0", option="repeats", value=repeats)
    loaded = load(_folder(run, runs_dir).place)
    configs = scaled_up(loaded, to=to).configs
    ready = new_search(prepare_scaled(loaded.settings, configs, **resolved), runs_dir)
    scaled = _conducted(ready, Callbacks(callbacks), ExitStack(), progress=progress, background=False)
    if repeats:
        confirm(scaled, top=len(configs), by="metric", repeats=repeats, data=resolved["data"], progress=progress)
    return scaled


@_with_options(_EXPORT)
def export(run: SearchRun | str | Path, **options: Any) -> Model:
    """Writes a trial as a model that takes raw strings, and returns it: ``model.predict(["a text"])``.

    Args:
        run: a run, its name, or its folder.

    Raises:
        InputError: where it cannot be exported or written.

    >>> tuner.export("reviews", trial="00005")
    <model in exports/reviews-00005: meh, no, yes>
    """
    resolved = _EXPORT.values(options)
    predicts = resolved["kind"] in PREDICTING
    if not predicts or resolved["trial"] == FRONTIER:
        what = {"trial": FRONTIER} if predicts else {"kind": resolved["kind"]}
        option, value = next(iter(what.items()))
        raise InputError(
            "is for other programs, not for `predict`; write it with `python -m tuner export`",
            option=option,
            value=value,
        )
    folder = _folder(run, resolved.pop("runs_dir"))
    exported = export_run(folder.place, folder.path.parent, **resolved)
    return Model(exported.folder)


def _warn(sentence: str) -> None:
    warnings.warn(sentence.removeprefix("note: "), RuntimeWarning, stacklevel=2)


def _folder(run: SearchRun | str | Path, runs_dir: Path) -> RunFolder:
    return find_run(run.path if isinstance(run, SearchRun) else str(run), runs_dir)


def _once(columns: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, each of which was named in one of its two ways.

    Raises:
        InputError: for one that was named in both.
    """
    for name, value in columns.items():
        if value is not None and options.get(name) is not None:
            raise InputError(f"is given as `{name}` too; leave one of them out", option=name.removesuffix("_column"))
    return {name: value for name, value in columns.items() if value is not None}


def _settings(settings: Mapping[str, Any] | str | Sequence[str] | None) -> tuple[str, ...] | None:
    """``{"units": [8, 16], "cell": "gru"}`` as the command line writes it: units=8,16 and cell=gru."""
    if settings is None or isinstance(settings, str):
        return None if settings is None else (settings,)
    if not isinstance(settings, Mapping):
        return tuple(settings)
    return tuple(
        f"{name}={','.join(map(_text, value)) if isinstance(value, list | tuple) else _text(value)}"
        for name, value in settings.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by_name(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the names of functions and classes in the place of these: workers import them.

    Raises:
        InputError: for one that cannot be imported, since it was written in a notebook or inside a function.
    """
    named = dict(options)
    for option in ("hypermodel", "metric"):
        given = named.get(option)
        if given is None or isinstance(given, str):
            continue
        module, name = (
            getattr(given, "__module__", "__main__"),
            getattr(given, "__qualname__", type(given).__qualname__),
        )
        if module == "__main__" or "<locals>" in name:
            raise InputError(
                f"{name} is of this notebook or script, and workers have to import it; write it into a file, for instance "
                f"mine.py, and give '{option}=\"mine:{name.rpartition('.')[2]}\"'",
                option=option,
            )
        named[option] = f"{module}:{name}"
    return named


def _with_data_in(folder: RunFolder, prepared: PreparedSearch, paths: Mapping[str, Path]) -> PreparedSearch:
    """The search with its data where they will lie in the run."""
    fields = {"data": "source"}
    places = {fields.get(option, option): str((folder.data / path.name).absolute()) for option, path in paths.items()}
    data = prepared.settings.data.model_copy(update=places)
    return PreparedSearch(prepared.settings.model_copy(update={"data": data}), prepared.data)


class _Shown:
    """The progress of a search, and the callbacks that hear of it."""

    def __init__(self, shown: Progress | None, callbacks: Callbacks) -> None:
        self._shown, self._callbacks = shown, callbacks
        self.last: SearchState | None = None

    def show(self, search_state: SearchState) -> None:
        self.last = search_state
        self._callbacks.show(search_state)
        if self._shown is not None:
            self._shown.show(search_state)

    def end(self) -> None:
        if self.last is not None:
            self._callbacks.show(self.last)
            if isinstance(self._shown, NotebookProgress):
                self._shown.end(self.last)


def _conducted(
    search: Search, callbacks: Callbacks, stack: ExitStack, *, progress: bool, background: bool
) -> SearchRun:
    """Runs a search with all that is open on the stack, which is closed in the end, and returns its run."""
    run = SearchRun(search.folder)
    shown: Progress | None = None
    if progress:
        for note in search.notes:
            click.echo(note)  # as it is, where a notebook would make a box of it
        concurrency = search.settings.resources.concurrency
        shown = (
            NotebookProgress(run.name, concurrency)
            if in_notebook()
            else lines_or_table(Terminal(), concurrency=concurrency)
        )
        stack.enter_context(shown)
    told = _Shown(shown, callbacks)

    def conduct(interruption: Interruption) -> None:
        with stack:
            try:
                search.run(told.show, _warn, interruption)
            except TunerError as error:
                if background:  # wait() raises it, too, where somebody waits
                    click.echo(f"{run.name} has ended: {error}")
                raise
            except KeyboardInterrupt:
                click.echo(f"interrupted: what is done is kept; go on with tuner.resume({run.name!r})")
                raise
            finally:
                told.end()
                callbacks.end(run)

    run.conduct(conduct, background=background)
    return run
