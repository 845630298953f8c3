"""TREC question classification, as the Cognitive Computation Group gives it out: a labelled question a line."""

from pathlib import Path

from tuner.data.named_sets.download import RemoteFile
from tuner.data.reading.raw_table import RawTable
from tuner.data.wording import shown
from tuner.errors import InputError

FOLDER_URL = "https://cogcomp.seas.upenn.edu/Data/QA/QC/"
TRAIN = RemoteFile("train_5500.label", FOLDER_URL + "train_5500.label", "073462e3fcefaae31e00edb1f18d2d02")
TEST = RemoteFile("TREC_10.label", FOLDER_URL + "TREC_10.label", "323a3554401d86e650717e2d2f942589")


def read_trec(path: Path) -> RawTable:
    """Return columns text, label (6 coarse classes), fine_label (COARSE:fine) and split of the two files.

    path: the training file; the test file lies beside it. Raises InputError with the line number where a line is no
    `COARSE:fine question`, and where one of the files is missing.
    """
    columns: dict[str, list[object]] = {"text": [], "label": [], "fine_label": [], "split": []}
    for remote, part in ((TRAIN, "train"), (TEST, "test")):
        file = path.with_name(remote.filename)
        try:
            # Latin-1 is what the files are in; they are too short of accents for a detector.
            lines = file.read_bytes().decode("latin-1").split("\n")
        except OSError as error:
            raise InputError(f"{shown(file.name)} cannot be read ({error.strerror}): get it at {remote.url}") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            fine, _, text = line.strip().partition(" ")
            coarse, colon, _ = fine.partition(":")
            if not (coarse and colon and text):
                raise InputError(
                    f"{shown(file.name)}, line {number:,} is no `COARSE:fine question`: {shown(line)}; "
                    f"get it again at {remote.url}"
                )
            for name, cell in zip(columns, (text, coarse, fine, part), strict=True):
                columns[name].append(cell)
    return RawTable(columns, f"{TRAIN.filename} and {TEST.filename}")
