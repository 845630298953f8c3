import pytest

from tuner.errors import InputError
from tuner.export.folder import DESCRIPTION, write_folder


def filled(content):
    def fill(folder):
        (folder / DESCRIPTION).write_text(content)

    return fill


def test_a_folder_is_written_with_its_parents_and_nothing_beside_it(tmp_path):
    write_folder(tmp_path / "a" / "b", filled("one"), force=False)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_an_export_is_replaced_with_force_only(tmp_path):
    target = tmp_path / "model"
    write_folder(target, filled("one"), force=False)
    (target / "old").touch()
    with pytest.raises(InputError, match=r"exists already; .*`force`"):
        write_folder(target, filled("two"), force=False)
    assert (target / DESCRIPTION).read_text() == "one"
    write_folder(target, filled("two"), force=True)
    assert [(path.name, path.read_text()) for path in target.iterdir()] == [(DESCRIPTION, "two")]
    assert list(tmp_path.iterdir()) == [target]


def test_force_removes_nothing_that_is_no_export(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    (tmp_path / "file").touch()
    for name in ("thesis", "file"):
        with pytest.raises(InputError, match="is no exported model"):
            write_folder(tmp_path / name, filled("one"), force=True)
    assert (tmp_path / "thesis" / "chapter").exists()


def test_a_failure_leaves_the_old_export_and_no_rubbish(tmp_path):
    target = tmp_path / "model"
    write_folder(target, filled("one"), force=False)

    def fail(folder):
        (folder / "half").touch()
        raise MemoryError

    with pytest.raises(MemoryError):
        write_folder(target, fail, force=True)
    with pytest.raises(MemoryError):
        write_folder(tmp_path / "other", fail, force=False)
    assert list(tmp_path.iterdir()) == [target]
    assert (target / DESCRIPTION).read_text() == "one"


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_folder(tmp_path / "file" / "model", filled("one"), force=False)
