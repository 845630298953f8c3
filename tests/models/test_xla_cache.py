import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from tuner.models import device
from tuner.models.device import use_xla_cache, xla_folder

COMPILE = """
from tuner.models.device import prepare_tensorflow
tf = prepare_tensorflow(1)
step = tf.function(lambda value: tf.reduce_sum(value * value), jit_compile=True)
print(float(step(tf.constant([3.0, 4.0]))))
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
def test_what_one_process_compiled_the_next_one_reads(home):
    device.compile_quickly()  # as they do, for the name of the folder

    def run():
        done = subprocess.run([sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True)
        assert done.stdout == "25.0\n"
        return {path: path.stat().st_mtime_ns for path in xla_folder().iterdir()}

    written = run()
    assert len(written) == 1
    assert run() == written


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
