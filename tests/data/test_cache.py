import dataclasses
import errno
import os
import re
import shutil
import time
from collections import namedtuple

import numpy as np
import pytest

from tuner.data import cache
from tuner.data.cache import prepare_with_cache
from tuner.data.pipeline import DataRequest, PreparedData, prepare_data
from tuner.data.reading.columns import Columns
from tuner.errors import InputError

ROWS = [(f"word{number % 3} and word{number}", "ab"[number % 2]) for number in range(24)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The cache's folder, which keeps the smallest data sets too."""
    monkeypatch.setenv("FRONTIER_TUNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "SMALLEST", 0)
    return tmp_path / "cache" / "data"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("id,review,stars\n" + "".join(f"{n},{text},{label}\n" for n, (text, label) in enumerate(ROWS)))
    return path


def request(source, **changes) -> DataRequest:
    settings = {"split_seed": 0, "stop_words": False, "min_freq": 2, "max_tokens": 1_000, "max_length": 9, **changes}
    return DataRequest(str(source), source.parent, **settings)


@pytest.fixture
def never_prepared(monkeypatch):
    """Fails where data are prepared that the cache has."""

    def prepared(_: DataRequest) -> PreparedData:
        pytest.fail("prepared anew")

    return lambda: monkeypatch.setattr(cache, "prepare_data", prepared)


def assert_equal(found: object, expected: object) -> None:
    """Equal in all fields, types of arrays included."""
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
        assert (type(found), found.dtype) == (np.ndarray, expected.dtype)
    elif dataclasses.is_dataclass(expected):
        assert type(found) is type(expected)
        for field in dataclasses.fields(expected):
            assert_equal(getattr(found, field.name), getattr(expected, field.name))
    else:
        assert found == expected


def entries(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_what_is_kept_is_what_is_read(source, folder, never_prepared):
    expected = prepare_data(request(source))
    assert_equal(prepare_with_cache(request(source)), expected)
    never_prepared()
    assert_equal(prepare_with_cache(request(source)), expected)
    assert len(entries(folder)) == 1


def test_a_given_split_and_folders_are_kept_too(tmp_path, never_prepared):
    for part, label, text in (
        (p, la, f"{la} text of {p} {n}") for p in ("train", "test") for la in "ab" for n in range(4)
    ):
        place = tmp_path / "set" / part / label
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{text}.txt").write_text(text)
    expected = prepare_data(request(tmp_path / "set"))
    assert expected.dataset.split is not None
    prepare_with_cache(request(tmp_path / "set"))
    never_prepared()
    assert_equal(prepare_with_cache(request(tmp_path / "set")), expected)


def test_other_bytes_of_the_same_size_and_time_are_other_data(source):
    before, times = prepare_with_cache(request(source)), (source.stat().st_atime_ns, source.stat().st_mtime_ns)
    source.write_text(source.read_text().replace("word0", "worda"))
    os.utime(source, ns=times)
    after = prepare_with_cache(request(source))
    assert after.dataset.fingerprint != before.dataset.fingerprint
    assert_equal(after, prepare_data(request(source)))


OTHER_VALUES = {
    "split_seed": 1, "stop_words": True, "min_freq": 1, "max_tokens": 5, "max_length": 2, "given_split": False,
    "test_share": 0.3, "validation_share": 0.3, "fraction": 0.9, "columns": Columns(("review",), "stars"),
    "truncate": "tail", "encoding": "latin-1", "fold_labels": True,
    "min_class_count": 3, "drop_rare": True, "majority_split": False,
}  # fmt: skip


def test_every_setting_makes_other_data(source, folder):
    apart = {*cache._SOURCES, "data_dir", "no_cache"}  # the first count by what they hold
    assert {field.name for field in dataclasses.fields(DataRequest)} == {*OTHER_VALUES} | apart
    prepare_with_cache(request(source))
    for number, (name, value) in enumerate(OTHER_VALUES.items(), start=2):
        changed = dataclasses.replace(request(source), **{name: value})
        assert_equal(prepare_with_cache(changed), prepare_data(changed))
        assert len(entries(folder)) == number


@pytest.mark.parametrize("role", ["validation_data", "test_data"])
def test_data_that_lie_apart_count_too(source, tmp_path, role):
    apart = tmp_path / "apart.csv"
    contents = ["review,stars\nfirst word0,a\nother,b\n", "review,stars\nother word0,a\nfirst,b\n"]
    for content in contents:
        apart.write_text(content)
        wanted = request(source, columns=Columns(("review",), "stars"), **{role: str(apart)})
        assert_equal(prepare_with_cache(wanted), prepare_data(wanted))
        assert_equal(prepare_with_cache(wanted), prepare_data(wanted))


def test_files_of_a_pattern_are_kept(source, tmp_path, folder, never_prepared):
    source.with_name("texts-2.csv").write_text(source.read_text().replace("word", "other"))
    wanted = request(tmp_path / "texts*.csv")
    expected = prepare_data(wanted)
    assert_equal(prepare_with_cache(wanted), expected)
    never_prepared()
    assert_equal(prepare_with_cache(wanted), expected)
    assert len(entries(folder)) == 1


def test_other_code_reads_anew(source, folder, monkeypatch):
    prepare_with_cache(request(source))
    monkeypatch.setattr(cache, "_code_version", lambda: "another")
    prepare_with_cache(request(source))
    assert len(entries(folder)) == 2


def test_a_resumed_search_names_the_columns_that_the_search_found(source, never_prepared):
    expected = prepare_with_cache(request(source))
    named = request(source, columns=Columns(("review",), "stars"))
    assert prepare_with_cache(named).notes != expected.notes
    never_prepared()
    assert_equal(prepare_with_cache(named, notes_matter=False), prepare_with_cache(named))
    with pytest.raises(pytest.fail.Exception, match="prepared anew"):
        prepare_with_cache(request(source, columns=Columns(("id",), "stars")), notes_matter=False)


def test_the_first_entry_serves_a_resumed_search(source, folder, never_prepared):
    expected = prepare_with_cache(request(source))
    never_prepared()
    moved = source.rename(source.parent.parent / "texts.csv")
    assert_equal(
        prepare_with_cache(request(moved, columns=Columns(("review",), "stars")), notes_matter=False), expected
    )
    assert len(entries(folder)) == 1


def test_small_data_and_no_cache_leave_nothing(source, folder, monkeypatch):
    assert_equal(prepare_with_cache(request(source, no_cache=True)), prepare_data(request(source)))
    monkeypatch.setattr(cache, "SMALLEST", 10_000)
    prepare_with_cache(request(source))
    assert not folder.exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(source, folder, monkeypatch):
    def prepared(wanted: DataRequest) -> PreparedData:
        found = prepare_data(wanted)
        source.write_text(source.read_text() + "99,one more,a\n")
        return found

    monkeypatch.setattr(cache, "prepare_data", prepared)
    prepare_with_cache(request(source))
    assert not folder.exists()


@pytest.mark.parametrize("name", ["train_tokens.npy", "texts.arrow", "vocabulary.json", "facts.json", "labels.npy"])
@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-9], lambda raw: raw[:-9] + b"x" + raw[-8:]], ids=["cut", "changed"]
)
def test_a_damaged_entry_is_replaced_with_one_note(source, folder, name, damage, never_prepared):
    expected = prepare_data(request(source))
    prepare_with_cache(request(source))
    file = folder / entries(folder)[0] / name
    file.write_bytes(damage(file.read_bytes()))
    found = prepare_with_cache(request(source))
    assert found.notes[:-1] == expected.notes
    assert "of the cache is damaged" in found.notes[-1]
    never_prepared()
    assert_equal(prepare_with_cache(request(source)), expected)


def test_an_entry_that_another_process_removes_meanwhile_is_missing(source, folder, monkeypatch):
    expected = prepare_with_cache(request(source))
    digests = cache._digests

    def then_gone(entry):
        monkeypatch.setattr(cache, "_digests", digests)
        found = digests(entry)
        shutil.rmtree(entry)
        return found

    monkeypatch.setattr(cache, "_digests", then_gone)
    assert_equal(prepare_with_cache(request(source)), expected)
    assert len(entries(folder)) == 1


def without_room(monkeypatch, folder):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 0))
    return "No space left on device"


def with_a_full_disk(monkeypatch, folder):
    def save(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", save)
    return "No space left on device"


def with_a_file_in_its_place(monkeypatch, folder):
    folder.parent.write_text("")
    return "Not a directory|File exists"


def with_too_little_room_for_it(monkeypatch, folder):
    monkeypatch.setattr(cache, "LARGEST", 900)  # the file has fewer bytes, the entry has more
    return r"0\.0 GB, of at most 0\.0 GB"


@pytest.mark.parametrize(
    "trouble", [without_room, with_a_full_disk, with_a_file_in_its_place, with_too_little_room_for_it]
)
def test_a_cache_that_cannot_be_written_costs_one_note(source, folder, monkeypatch, trouble):
    expected = prepare_data(request(source))
    reason = trouble(monkeypatch, folder)
    found = prepare_with_cache(request(source))
    assert found.notes[:-1] == expected.notes
    assert re.search(reason, found.notes[-1])
    assert found.notes[-1].endswith("set FRONTIER_TUNER_CACHE to another folder, or give `no_cache`")
    assert_equal(dataclasses.replace(found, notes=expected.notes), expected)
    assert not folder.is_dir() or list(folder.iterdir()) == []


def test_the_entries_used_longest_ago_go(source, folder, monkeypatch):
    names = []
    for seed in range(3):
        prepare_with_cache(request(source, split_seed=seed))
        names += set(entries(folder)) - set(names)
    for age, name in enumerate(names):
        os.utime(folder / name / "facts.json", (age, age))
    prepare_with_cache(request(source, split_seed=0))  # used again
    used = sum(path.stat().st_size for path in (folder / names[0]).iterdir())
    monkeypatch.setattr(cache, "LARGEST", int(2.2 * used))
    prepare_with_cache(request(source, split_seed=3))
    assert set(entries(folder)) & set(names) == {names[0]}
    assert len(entries(folder)) == 2


def test_what_a_killed_process_left_goes_after_a_day(source, folder):
    prepare_with_cache(request(source))
    for name, age in ((".new-old", 2), (".new-young", 0)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age * 86_400,) * 2)
    (folder / "nowhere.entry").write_text("gone")
    prepare_with_cache(request(source, split_seed=1))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".new-young"]
    assert not (folder / "nowhere.entry").exists()


def test_a_process_that_was_quicker_wins(source, folder, monkeypatch):
    def prepared(wanted: DataRequest) -> PreparedData:
        monkeypatch.setattr(cache, "prepare_data", prepare_data)
        prepare_with_cache(wanted)
        return prepare_data(wanted)

    monkeypatch.setattr(cache, "prepare_data", prepared)
    assert_equal(prepare_with_cache(request(source)), prepare_data(request(source)))
    assert len(entries(folder)) == 1


def test_data_that_are_not_there_are_refused_as_ever(tmp_path):
    with pytest.raises(InputError, match="no data under"):
        prepare_with_cache(request(tmp_path / "missing.csv"))
    with pytest.raises(InputError):
        prepare_with_cache(request(tmp_path / "a\0b"))
