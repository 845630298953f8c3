import pytest

from support.object_storage import s3_service
from tuner.data.reading.loading import load_dataset
from tuner.errors import InputError

ROWS = "text,label\n" + "".join(
    f"this is text number {number},{'good' if number % 2 else 'bad'}\n" for number in range(40)
)


@pytest.fixture(scope="module")
def url():
    """Makes the URL of an object that a test put there."""
    from pyarrow import fs

    with s3_service() as runs:
        _, _, options = runs.partition("?")
        storage = fs.FileSystem.from_uri(runs)[0]

        def put(path, text):
            with storage.open_output_stream(f"bucket/{path}") as stream:
                stream.write(text.encode())
            return f"s3://bucket/{path}?{options}"

        yield put


def load(data, tmp_path):
    return load_dataset(data, data_dir=tmp_path)


def test_a_file_is_read_as_one_of_this_machine_is(url, tmp_path):
    (tmp_path / "reviews.csv").write_text(ROWS)
    there, here = load(url("data/reviews.csv", ROWS), tmp_path), load(str(tmp_path / "reviews.csv"), tmp_path)
    assert there.fingerprint == here.fingerprint
    assert (there.name, there.notes) == (here.name, here.notes)


def test_a_folder_of_classes_is_read(url, tmp_path):
    for number in range(6):
        for label in ("good", "bad"):
            asked = url(f"classes/{label}/{number}.txt", f"a {label} text, number {number}")
    folder = asked.replace("/bad/5.txt", "")
    dataset = load(folder, tmp_path)
    assert (len(dataset), dataset.label_names) == (12, ("bad", "good"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("s3://bucket/nothing.csv", "there is nothing; check bucket and path"),
        ("s3:///x", "cannot be read"),
    ],
)
def test_what_is_not_there_is_one_line(url, tmp_path, data, message):
    options = url("x", "y").partition("?")[2]
    with pytest.raises(InputError, match=message):
        load(f"{data}?{options}", tmp_path)


def test_storage_that_does_not_answer_is_one_line(url, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load("s3://bucket/x.csv?scheme=http&endpoint_override=127.0.0.1:1&connect_timeout=1", tmp_path)
