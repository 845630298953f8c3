"""A run as TensorBoard's event files: a folder for each trial, its curves, and a session of the HParams plug-in.

Written by tensorboardX, which knows no TensorFlow: the process that drives a search shall not load it.
"""

import os
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically
from tuner.runs.events import EpochEnded
from tuner.runs.search_state import TrialRecord
from tuner.tracking.tracker import Told, Tracker, best_figures, scalars

_OWNER = ".run"
"""In the folder of a run: which one it is, so that another of its name gets another folder."""
_END = "_hparams_/session_end_info"
_CURVE = re.compile(r"(train|val)_(.+)")


class TensorBoard(Tracker):
    """Event files in a folder. An epoch is one record with all its figures, so that it is there whole or not at all."""

    def open(self) -> dict[str, Told]:
        """Reads what is there."""
        self._folder = _folder_of(Path(self.place), self.folder.name, self.log.identity)
        self._writers: dict[str, Any] = {}
        return {path.name: _told(path) for path in self._folder.iterdir() if path.is_dir()}

    def begin(self, record: TrialRecord) -> str:
        """Writes the hyperparameters."""
        from tensorboardX.summary import hparams

        _, start, _ = hparams(self.log.proposed[record.trial], {})
        self._write(record.trial, start, step=0, at=self.log.started.get(record.trial))
        return record.trial

    def add(self, key: str, record: TrialRecord, epochs: list[EpochEnded]) -> None:
        """Writes a record for each epoch."""
        for epoch in epochs:
            figures = {_CURVE.sub(r"\1/\2", name): value for name, value in scalars(epoch).items()}
            self._write(key, _summary(figures), step=record.step_of(epoch), at=epoch.time)

    def end(self, key: str, record: TrialRecord) -> None:
        """Writes the best figures and the end of the session in one record, and closes the file."""
        from tensorboardX.proto.api_pb2 import Status
        from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData, SessionEndInfo

        is_well = record.status in ("completed", "stopped")
        status = Status.Value("STATUS_SUCCESS" if is_well else "STATUS_FAILURE")
        at = self.log.ended.get(key, time.time())
        summary = _summary(
            {f"best/{name.removeprefix('best_')}": value for name, value in best_figures(record).items()}
        )
        value = summary.value.add(tag=_END)
        value.metadata.plugin_data.plugin_name = "hparams"
        value.metadata.plugin_data.content = HParamsPluginData(
            session_end_info=SessionEndInfo(status=status, end_time_secs=at)
        ).SerializeToString()
        self._write(key, summary, step=len(record.epochs), at=at)
        self._writers.pop(key).close()

    def finish(self) -> None:
        """Nothing is left to be written: TensorBoard finds the rest itself."""

    @property
    def look(self) -> str:
        """The program's command."""
        return f"tensorboard --logdir {self.place}"

    def close(self) -> None:
        """Closes the files of trials that go on."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, trial: str, summary: Any, *, step: int, at: float | None) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event

        if trial not in self._writers:
            folder = self._folder / trial
            folder.mkdir(exist_ok=True)
            # The name's own time has seconds only: a process that was killed may have written a file within this one.
            self._writers[trial] = EventsWriter(str(folder / "events"), f".{os.getpid()}.{time.time_ns()}")
        self._writers[trial].write_event(Event(summary=summary, step=step, wall_time=time.time() if at is None else at))
        self._writers[trial].flush()


def _summary(figures: dict[str, float]) -> Any:
    from tensorboardX.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in figures.items()])


def _folder_of(place: Path, name: str, identity: str) -> Path:
    """The folder of a run, made where there is none.

    Raises:
        InputError: where it cannot be written.
    """
    try:
        for folder in (place / name, place / f"{name}-{identity[:6]}"):
            owner = folder / _OWNER
            if not folder.exists():
                folder.mkdir(parents=True)
                write_text_atomically(owner, identity)
            if owner.is_file() and owner.read_text(encoding="utf-8") == identity:
                return folder
    except OSError as error:
        raise InputError(f"{place}: cannot be written ({error.strerror}); choose another folder") from None
    raise InputError(f"{place / name}: holds something else; choose another folder, for instance tensorboard=DIR")


def _told(folder: Path) -> Told:
    told = Told(folder.name)
    for file in sorted(folder.iterdir()):
        for event in _events(file):
            tags = [value.tag for value in event.summary.value]
            told.epochs += "train/loss" in tags or any(tag.startswith("val/") for tag in tags)
            told.ended |= _END in tags
    return told


def _events(file: Path) -> Iterator[Any]:
    """The whole records of an event file, of which a process that was killed may have left a part of one.

    A record is the length (8 bytes, little-endian), its checksum (4), the content, and its checksum (4). No library that is
    there without TensorFlow reads them; checksums are for disks, and a length that is not all there is what a crash leaves.
    """
    from tensorboardX.proto.event_pb2 import Event

    content = file.read_bytes()
    start = 0
    while start + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, start)
        end = start + 12 + length
        if end + 4 > len(content):
            return
        yield Event.FromString(content[start + 12 : end])
        start = end + 4
