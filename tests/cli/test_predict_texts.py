"""What ``tuner predict --file`` reads, and what it refuses."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuner.cli.predict_texts import text_source
from tuner.errors import InputError


@pytest.fixture
def read(tmp_path):
    """Returns the texts and the columns beside them that a file of this name and content gives."""

    def texts_and_ids(name, content, *, named=(), trained_on=("text",)):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        source = text_source((), path, named=named, trained_on=trained_on)
        texts = list(source.texts)
        assert source.count == len(texts)
        return texts, dict(source.ids)

    return texts_and_ids


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.csv", "id,text,label\n7,one,pos\n9,two,neg\n"),
        ("f.tsv", "id\ttext\n7\tone\n9\ttwo\n"),
        ("f.txt", "id,text\n7,one\n9,two\n"),
        ("f", "id,text\n7,one\n9,two\n"),
        ("f.csv", 'id,text\n7,"one"\n9,"two"\n'),
    ],
)
def test_a_table_gives_the_column_of_the_training_texts_and_its_ids(read, name, content):
    assert read(name, content) == (["one", "two"], {"id": ["7", "9"]})


@pytest.mark.parametrize("name", ["f.csv", "f.txt", "f"])
@pytest.mark.parametrize("header", ["text", "review", '"text"', "tweet_body"])
def test_the_only_column_may_have_a_header_which_is_no_text(read, name, header):
    content = f'{header}\n"well, so"\nwell, unquoted\n'
    trained_on = ("tweet_body",) if header == "tweet_body" else ("text",)
    assert read(name, content, trained_on=trained_on) == (["well, so", "well, unquoted"], {})


@pytest.mark.parametrize("content", ["one, two\nthree, four\n", "one\ntwo\n", "one;\n\ntwo;\n", '"one"\ntwo\n'])
def test_lines_without_a_header_are_texts(read, content):
    assert read("f.txt", content)[0] == content.splitlines()


def test_the_columns_are_joined_as_in_training_and_rows_without_text_keep_their_place(read):
    content = "title,body\na,b\n,\nc,\n"
    assert read("f.csv", content, trained_on=("title", "body"))[0] == ["a b", "", "c"]
    assert read("f.csv", content, named=("body",), trained_on=("text",))[0] == ["b", "", ""]


def test_ids_are_columns_that_say_so_and_tell_every_row_apart(read):
    content = "PassengerId,user_id,group,label,text\n1,7,a,x,one\n2,7,b,y,two\n"
    assert read("f.csv", content)[1] == {"PassengerId": ["1", "2"]}


def test_every_format_of_a_search_is_read(read, tmp_path):
    assert read("f.jsonl", '{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}\n') == (["one", "two"], {"id": [1, 2]})
    pq.write_table(pa.table({"text": ["one"], "n": [1]}), tmp_path / "f.parquet")
    assert list(text_source((), tmp_path / "f.parquet", named=(), trained_on=("text",)).texts) == ["one"]


def test_written_line_feeds_are_blanks_as_in_training(read):
    assert read("f.csv", "id,text\n1,one\\ntwo\n")[0] == ["one two"]


@pytest.mark.parametrize(
    ("content", "named", "message"),
    [
        (
            "id,review\n1,a\n2,b\n",
            (),
            "f.csv: has no column 'text', in which the model's training texts were; name the",
        ),
        (
            "id,review\n1,a\n2,b\n",
            ("body",),
            "f.csv: has no column 'body'; name the column of the texts with --text-column",
        ),
    ],
)
def test_a_table_without_the_column_names_those_that_it_has(read, content, named, message):
    with pytest.raises(InputError, match=message) as raised:
        read("f.csv", content, named=named)
    assert "one of 'id', 'review'" in str(raised.value)


@pytest.mark.parametrize(("name", "content"), [("f.csv", "text\n"), ("f.txt", "text"), ("f.csv", "id,text\n")])
def test_a_header_without_texts_is_refused(read, name, content):
    with pytest.raises(InputError, match=r"has a header.* and no (texts|rows)"):
        read(name, content)
