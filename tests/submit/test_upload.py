import random
import zipfile

import pytest

from tuner.errors import InputError
from tuner.submit.upload import files_below, pack, working_tree


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_what_is_ignored_and_what_a_search_leaves_is_not_sent(tmp_path):
    write(tmp_path, main="a", src__runs__code="b", runs__first__journal="c", exports__x="d", notes__secret="e")
    write(tmp_path, **{"notes__.gitignore": "secret\n", ".rayignore": "*.bin\n", "big.bin": "f", ".git__config": "g"})
    sent = set(working_tree(tmp_path))
    assert {"main", "src/runs/code"} <= sent
    assert not [name for name in sent if name.startswith(("runs/", "exports/", ".git/"))]
    assert not sent & {"notes/secret", "big.bin"}


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"working_dir='.*nothing': is no folder"):
        working_tree(tmp_path / "nothing")


def test_the_same_files_make_the_same_archive(tmp_path):
    write(tmp_path, a="first", b__c="second")
    (tmp_path / "a").chmod(0o755)
    files = {**files_below(tmp_path / "b", "data"), "a": tmp_path / "a"}
    pack(files, tmp_path / "one.zip")
    (tmp_path / "a").touch()
    pack(files, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["a", "data/c"]
        assert archive.read("data/c") == b"second"
        assert archive.getinfo("a").external_attr >> 16 & 0o111


def test_what_is_too_large_is_refused_with_the_largest_folders(tmp_path):
    write(tmp_path, small="x")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "texts").write_bytes(random.Random(0).randbytes(3 * 2**20))
    files = {"small": tmp_path / "small", "corpus/texts": tmp_path / "corpus" / "texts"}
    with pytest.raises(InputError, match=r"larger than the 1\.0 MiB .*largest: corpus/ 3\.0 MiB, small 0\.0 MiB"):
        pack(files, tmp_path / "archive.zip", limit=2**20)
