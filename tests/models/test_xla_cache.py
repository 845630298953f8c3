import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from tuner.models import device
from tuner.models.device import use_xla_cache, xla_folder

TRAIN_A_STEP_OF_EACH = """
import sys
from tuner.models.device import prepare_own_process
prepare_own_process(1)
import numpy as np
from search_spaces.config import TrialConfig
from tuner.data.batches import Batch
from tuner.models.network_spec import network_of
from tuner.training.optimizers import OptimizerParams
from tuner.training.program import Program
from tuner.training.program_key import ProgramKey, StepInputs

batch = Batch(np.full((4, 6), 7, np.int32), np.full(4, 6, np.int32), np.zeros(4, np.int32), np.ones(4, np.float32))
for units in map(int, sys.argv[1:]):
    config = TrialConfig(cell="simple_rnn", units=units, layers=1, embedding=4, vocabulary=50, batch_size=4)
    network = network_of(config, vocabulary_size=50, classes=2, vectors_width=None)
    program = Program(ProgramKey.of(config, network, compiled=True, longest=6))
    program.start(seed=0, params=OptimizerParams.of(config))
    print(units, program.train(batch, StepInputs.of(config, np.ones(2, np.int64)), (1, 1))[0])
"""


def test_what_is_hidden_cannot_be_imported_and_can_again_afterwards():
    import json

    with device.hidden("wave", "json"):
        import json as imported_before

        with pytest.raises(ImportError):
            import wave
    import wave

    assert imported_before is json
    assert wave.open


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "")  # so that what the test sets is taken back
    monkeypatch.delenv("TF_XLA_FLAGS")
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.delenv("XLA_FLAGS")
    return tmp_path


@pytest.mark.tensorflow
def test_what_one_process_compiled_the_next_one_reads_whatever_it_compiled_before(home):
    device.compile_quickly()  # as they do, for the name of the folder

    def run(*units):
        command = [sys.executable, "-c", TRAIN_A_STEP_OF_EACH, *units]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines(), {path: path.stat().st_mtime_ns for path in xla_folder().iterdir()}

    (loss,), written = run("3")
    assert len(written) == 1
    (_, again), now = run("2", "3")
    assert again == loss
    assert len(now) == 2
    assert written.items() <= now.items()


def test_xla_is_told_to_compile_quickly_only_where_tensorflow_knows_how(home, monkeypatch):
    assert device._known(device._QUICK_TO_COMPILE)  # by the TensorFlow that the tests have
    usual = xla_folder()
    device.compile_quickly()
    assert os.environ["XLA_FLAGS"] == " ".join(device._QUICK_TO_COMPILE)
    assert xla_folder() != usual  # programs that were compiled in another way have a folder of their own
    monkeypatch.setenv("XLA_FLAGS", "--xla_of_the_user=1")
    device.compile_quickly()
    assert os.environ["XLA_FLAGS"] == "--xla_of_the_user=1"
    monkeypatch.delenv("XLA_FLAGS")
    monkeypatch.setattr(device, "_QUICK_TO_COMPILE", ("--xla_that_no_version_has=true",))
    device.compile_quickly()
    assert "XLA_FLAGS" not in os.environ


def test_what_the_user_says_stands(home, monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=2")
    use_xla_cache()
    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_auto_jit=2"
    assert not xla_folder().exists()


def test_without_room_for_its_folder_there_is_no_cache(home):
    (home / "frontier-tuner").write_text("in the way")
    use_xla_cache()
    assert "TF_XLA_FLAGS" not in os.environ


def test_on_a_disk_that_is_nearly_full_it_is_read_only(home, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40 - 2**20, 2**20))
    use_xla_cache()
    assert "read_only=true" in os.environ["TF_XLA_FLAGS"]
    monkeypatch.delenv("TF_XLA_FLAGS")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 0, 2**40))
    use_xla_cache()
    assert "read_only=false" in os.environ["TF_XLA_FLAGS"]


def test_the_oldest_go_first(home, monkeypatch):
    folder = xla_folder()
    folder.mkdir(parents=True)
    for age in range(5):
        path = folder / f"{age}.pb"
        path.write_bytes(bytes(100))
        os.utime(path, (1_000 - age, 1_000 - age))
    monkeypatch.setattr(device, "_MOST_BYTES", 250)
    use_xla_cache()
    assert sorted(path.name for path in folder.iterdir()) == ["0.pb", "1.pb"]
