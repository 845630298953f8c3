from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.reading.delimited import has_header, read_delimited, sniff_delimiter, split_records
from tuner.errors import InputError

ROWS = "".join(f"good film number {i},pos\nbad film number {i},neg\n" for i in range(15))


def texts_of(text: str) -> Sequence[object]:
    return read_delimited(text, origin="f.csv").columns["text"]


@pytest.mark.parametrize(
    "line",
    [
        'a "quoted word, or  5" pipe',
        '"open quote and no close,pos',
        '"great" film,pos',
        'it is 5",pos',
        'he said ""hm"" twice,neg',
        '"both" ends "quoted",pos',
    ],
)
def test_a_stray_quote_swallows_no_row(line: str) -> None:
    line = line if line.endswith(("pos", "neg")) else line.replace(",", "") + ",pos"
    table = read_delimited("text,label\n" + ROWS + line + "\n" + ROWS, origin="f.csv")
    assert len(table.columns["text"]) == 61
    assert table.columns["text"][30] == line.rpartition(",")[0]
    assert table.columns["label"][30] == line.rpartition(",")[2]


@pytest.mark.parametrize("between", [0, 1, 30])
def test_two_stray_quotes_do_not_bracket_the_rows_between_them(between: int) -> None:
    middle = "".join(ROWS.splitlines(keepends=True)[:between])
    text = "text,label\n" + ROWS + '"an open quote,pos\n' + middle + 'a 5" pipe of 6",neg\n' + ROWS
    table = read_delimited(text, origin="f.csv")
    assert len(table.columns["text"]) == 62 + between
    said = "f.csv: quotation marks read as plain characters in 1 row, the first on line 32, because"
    assert [note.startswith(said) for note in table.notes] == [True]


def test_stray_quotes_where_the_label_comes_first() -> None:
    rows = "".join(f"pos,good {i}\nneg,bad {i}\n" for i in range(15))
    proper = 'pos,"first line\nsecond, line\n\nthird ""line"""\n'
    table = read_delimited(f'label,text\n{rows}pos,"open\nneg,made of 5"\n{proper}{rows}', origin="f.csv")
    assert table.columns["text"][30:33] == ['"open', 'made of 5"', 'first line\nsecond, line\n\nthird "line"']
    assert len(table.columns["text"]) == 63


def test_proper_quoting_over_lines_stays_whole() -> None:
    wanted = [f'Line one of {i}, well\nline two, yes\n\nand "three"' for i in range(40)]
    quoted = ['"' + text.replace('"', '""') + '"' for text in wanted]
    lines = [f"{text},{('pos', 'neg')[i % 2]}" for i, text in enumerate(quoted)]
    table = read_delimited("text,label\r\n" + "\r\n".join(lines), origin="f.csv")
    assert table.columns["text"] == wanted
    assert table.notes == ()


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_proper_quoting_over_lines_in_a_tiny_file(rows: int) -> None:
    assert (
        texts_of("text,label\n" + '"first line, of text\nsecond line",pos\n' * rows)
        == ["first line, of text\nsecond line"] * rows
    )


def test_blanks_around_quoted_fields() -> None:
    table = read_delimited('text, label\n"a, b" , "pos"\n"c", "neg"\n', origin="f.csv")
    assert table.columns == {"text": ["a, b", "c"], "label": ["pos", "neg"]}


def test_only_line_feeds_and_carriage_returns_end_lines() -> None:
    assert texts_of("text,label\ra\x85b,pos\rc\u2028d,neg\r") == ["a\x85b", "c\u2028d"]


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")), st.sampled_from("xyz")
        ),
        min_size=1,
    )
)
def test_what_a_csv_writer_wrote_comes_back(rows: list[tuple[str, str]]) -> None:
    quoted = ['"' + text.replace('"', '""') + '",' + label for text, label in rows]
    records = split_records("text,label\n" + "\n".join(quoted), ",")
    assert len(records.rows) >= 1
    simple = [row for row in rows if "\n" not in row[0]]
    if len(simple) == len(rows):
        assert records.rows[1:] == [list(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("text;label\nwell, yes, no;pos\nno;neg\n", ";"),
        ("text\tlabel\nwell, yes; no\tpos\n", "\t"),
        ("text,label\nwell; yes,pos\n", ","),
        ('text,label\n"a; b, c",pos\n"d; e",neg\n', ","),
        ("one column\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    assert sniff_delimiter(text) == delimiter


def test_another_delimiter_than_the_comma_is_said_aloud() -> None:
    assert read_delimited("text;label\na;b\n", origin="f").notes == ("f: fields are separated by semicolons",)


def test_a_file_without_header_is_recognised_and_said_aloud() -> None:
    table = read_delimited("good film,pos\nbad film,neg\nfine film,pos\n", origin="f.csv")
    assert table.columns == {"column_1": ["good film", "bad film", "fine film"], "column_2": ["pos", "neg", "pos"]}
    assert table.notes == ("f.csv: no header in the first row, so the columns are called 'column_1', 'column_2'",)


@pytest.mark.parametrize(
    ("rows", "asked", "header"),
    [
        ([["message", "spam"], ["buy now, cheap", "spam"]], [], True),
        ([["xyz", "abc"], ["buy now, cheap", "abc"]], [], False),
        ([["xyz", "abc"], ["buy now, cheap", "abc"]], ["abc"], True),
        ([["xyz", "abc"], ["buy now, cheap", "spam"]], [], True),
    ],
)
def test_header(rows: list[list[str]], asked: list[str], header: bool) -> None:
    assert has_header(rows, asked) is header


def test_ragged_rows_are_left_out_and_counted() -> None:
    table = read_delimited("text,label\na,pos\nb\nc,d,e\nf,neg\n\ng,pos\n", origin="f.csv")
    assert table.columns["text"] == ["a", "f", "g"]
    assert table.notes == ("f.csv: 2 rows of 6 left out for not having 2 fields, the first on line 3 with 1",)


def test_blank_and_repeated_column_names() -> None:
    assert list(read_delimited(",text,text\n1,a,b\n", origin="f").columns) == ["column_1", "text", "text_2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n \n", "blank lines only"),
        ("text,label\n", "a header .'text', 'label'. and no rows"),
        ("text\na\nb\n", "one column, 'text', with comma as delimiter"),
        ("text,label\na,b,c\nd,e,f\n", "the first row has 2 fields, most rows have 3 .line 2 has 3.: put texts"),
    ],
)
def test_files_that_are_no_table(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_delimited(text, origin="f.csv")


def test_many_stray_quotes_cost_no_quadratic_time() -> None:
    rows = "".join(f'"open number {i},{("pos", "neg")[i % 2]}\n' for i in range(50_000))
    assert len(texts_of("text,label\n" + rows)) == 50_000
