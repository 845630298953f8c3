"""The folder of a run: where everything lies, how it is created, and how a user's RUN is found."""

import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically
from tuner.runs.fetching import SETTINGS, fetch_to_read
from tuner.runs.location import RemoteFolder, remote_folder, runs_folder, unreachable
from tuner.runs.settings import DATA_FOLDER

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class RunFolder:
    """The places of one run.

    Attributes:
        path: the local folder: the run itself, or the copy of one on object storage.
        remote: where the run lies if that is object storage.
    """

    path: Path
    remote: RemoteFolder | None = None

    @property
    def place(self) -> str:
        """How a user names it: its folder or URL."""
        return str(self.path) if self.remote is None else self.remote.url

    @property
    def elsewhere(self) -> str | None:
        """The folder or URL of runs that it lies in, None where that is the usual one, which nobody has to name."""
        usual = runs_folder() / self.name
        if self.place == RunFolder(usual, remote_folder(usual)).place:
            return None
        return str(self.path.parent) if self.remote is None else self.remote.parent.url

    @property
    def reference(self) -> str:
        """What a user has to type for it in a shell: its name where runs usually lie, else its place."""
        return shlex.quote(self.name if self.elsewhere is None else self.place)

    def with_models(self) -> Self:
        """The same run with its weights at hand, which the copy of a run on object storage need not have."""
        if self.remote is None:
            return self
        return replace(self, path=fetch_to_read(self.remote, models=True))

    def keep(self, name: str, text: str) -> None:
        """Writes a file of the run, whole or not at all, in the place of an earlier one.

        Raises:
            InputError: where the folder cannot be written, or the storage does not take it.
        """
        path = self.path / name
        try:
            write_text_atomically(path, text)
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written ({error.strerror}); give the run a folder that you can write"
            ) from None
        self.publish(path)

    def publish(self, file: Path) -> str:
        """Puts a file that was written into the local folder where the run lies, and says where that is.

        Raises:
            InputError: where the storage does not take it.
        """
        if self.remote is None:
            return str(file)
        name = str(file.relative_to(self.path))
        try:
            self.remote.write(name, file.read_bytes())
        except OSError as error:
            raise unreachable(self.remote.url, error) from None
        return self.remote.child(name).url

    @property
    def name(self) -> str:
        """The run's name: the folder's."""
        return self.path.name

    @property
    def settings(self) -> Path:
        """``search.yaml``."""
        return self.path / "search.yaml"

    @property
    def journal(self) -> Path:
        """``journal.jsonl``."""
        return self.path / "journal.jsonl"

    def table(self, name: str) -> Path:
        """``trials.parquet``, ``epochs.parquet`` or, after ``tuner confirm``, ``repeats.parquet``."""
        return self.path / f"{name}.parquet"

    def predictions(self, model: str, repeat: int) -> Path:
        """What a repeat of a confirmation answered, text by text."""
        return self.path / "predictions" / f"{model}-{repeat}.parquet"

    @property
    def data(self) -> Path:
        """The folder of the data, where a caller had them in memory."""
        return self.path / DATA_FOLDER

    @property
    def encoder(self) -> Path:
        """The folder with vocabulary, tokeniser and label names."""
        return self.path / "encoder"

    def weights(self, trial: str) -> Path:
        """Weights of a trial's best epoch."""
        return self.path / "models" / trial / "best.npz"

    def rival(self, name: str) -> Path:
        """The linear model of a rival."""
        return self.path / "models" / name / "model.npz"

    def soft_targets(self, fingerprint: str) -> Path:
        """What students with such a fingerprint are trained on beside the training texts and their labels."""
        return self.path / "models" / "teachers" / f"{fingerprint}.npz"

    def validation(self, trial: str) -> Path:
        """What a trial, rival or student predicted of the validation texts at its best epoch, while its weights are kept."""
        return self.path / "models" / trial / "validation.npz"

    def state(self, trial: str) -> Path:
        """Weights and optimizer of a trial's last epoch, while it is not ended."""
        return self.path / "models" / trial / "last.npz"


def create_run(runs_dir: Path, name: str, fill: Callable[[RunFolder], None]) -> RunFolder:
    """A new run folder, filled by ``fill`` before anybody can see it: it is there whole or not at all.

    Raises:
        InputError: where the name is taken or unusable, or the folder cannot be written.
    """
    check_new_run(runs_dir, name)
    remote = remote_folder(runs_dir / name)
    if remote is not None:
        runs_dir = remote.cache("write").parent
        shutil.rmtree(runs_dir / name, ignore_errors=True)  # the working copy of a run that is there no more
    partial = runs_dir / f".{name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(RunFolder(partial))
        return RunFolder(partial.rename(runs_dir / name), remote)
    except OSError as error:
        raise _unwritable(runs_dir, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_new_run(runs_dir: Path, name: str) -> None:
    """Refuses a name that is unusable or taken, and a folder that cannot be written, before any work is done.

    Raises:
        InputError: one line with the remedy.
    """
    if not _NAME.fullmatch(name):
        raise InputError("use letters, digits, dot, dash and underscore, at most 100", option="name", value=name)
    remote = remote_folder(runs_dir / name)
    if remote is not None:
        _check_new_remote(remote)
        return
    if (runs_dir / name).exists():
        raise InputError(
            f"the run {runs_dir / name} exists; choose another name or remove the folder", option="name", value=name
        )
    probe = runs_dir / f".{name}.probe"
    missing = [folder for folder in (probe, *probe.parents) if not folder.exists()]
    try:
        probe.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(runs_dir, error) from None
    finally:
        with suppress(OSError):  # another search uses the folder by now
            for folder in missing:
                folder.rmdir()


def _check_new_remote(remote: RemoteFolder) -> None:
    try:
        if remote.read(SETTINGS) is not None:
            raise InputError(
                f"the run {remote.url} exists; choose another name or remove it", option="name", value=remote.name
            )
        remote.write("probe", b"")
        remote.delete("probe")
    except OSError as error:
        raise unreachable(remote.url, error) from None


def _unwritable(runs_dir: Path, error: OSError) -> InputError:
    message = f"cannot be written ({error.strerror or error}); choose a folder that you can write"
    return InputError(message, option="runs_dir", value=runs_dir)


def find_run(run: str, runs_dir: Path) -> RunFolder:
    """The run that a user means by a name (below ``runs_dir``), by a folder, or by a URL on object storage.

    Of a run on object storage this is a local copy, brought up to date, without its weights.

    Raises:
        InputError: where there is none, naming those that are there.
    """
    remote = remote_folder(run) or remote_folder(runs_dir / run)
    if remote is not None:
        return RunFolder(fetch_to_read(remote), remote)
    for candidate in (runs_dir / run, Path(run)):
        if (candidate / "search.yaml").is_file():
            return RunFolder(candidate)
    if Path(run).is_file():
        raise InputError(f"{run}: is a file; give the folder of the run")
    if Path(run).is_dir():
        raise InputError(f"{run}: is a folder but not a run, it has no search.yaml; give a folder that a search made")
    known = [path.parent.name for path in sorted(runs_dir.glob("*/search.yaml"), key=lambda path: path.stat().st_mtime)]
    hint = (
        f"the newest in {runs_dir}: {', '.join(known[-8:])}"
        if known
        else f"there are no runs in {runs_dir}; give their folder with `runs_dir`"
    )
    raise InputError(f"no run {run!r}; {hint}")
