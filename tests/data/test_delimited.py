from collections.abc import Sequence

import pytest

from tuner.data.reading.delimited import has_header, read_delimited
from tuner.data.reading.dialect import sniff_delimiter
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
    assert table.notes == ("f.csv: 40 fields span lines, the longest 4",)


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


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("text;label\nwell, yes, no;pos\nno;neg\n", ";"),
        ("text\tlabel\nwell, yes; no\tpos\n", "\t"),
        ("text,label\nwell; yes,pos\n", ","),
        ('text,label\n"a; b, c",pos\n"d; e",neg\n', ","),
        ("text|label\nwell, yes|pos\n", "|"),
        ('"two\nlines"|pos\nno, not|neg\n', "|"),
        ("one column\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    assert sniff_delimiter(text.splitlines()) == delimiter


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
    assert has_header(list(zip(*rows, strict=True)), asked) is header


def test_ragged_rows_are_left_out_and_counted() -> None:
    table = read_delimited("text,label\na,pos\nb\nc,d,e\nf,neg\n\n" + "g,pos\n" * 8, origin="f.csv")
    assert table.columns["text"] == ["a", "f", *"gggggggg"]
    assert table.notes == ("f.csv: 2 rows of 12 left out for not having 2 fields, the first on line 3 with 1",)
    assert table.left_out == {"not 2 fields": 2}


def test_a_file_that_breaks_off_loses_its_last_row() -> None:
    for last in ('"a film that', '"two lines\nof which the second', '"a film","po', "a fi"):
        table = read_delimited('text,label\n"it is, well, good",pos\n' + ROWS + last, origin="f.csv")
        assert len(table.columns["text"]) == 31
        assert "f.csv: the file breaks off in its last row (line 33), which is left out of 32" in table.notes
        assert table.left_out == {"cut off": 1}


@pytest.mark.parametrize("comma", [",", ", "])
@pytest.mark.parametrize("header", ["label,text\n", ""])
def test_prose_with_commas_behind_a_label_is_one_text(header: str, comma: str) -> None:
    rows = "".join(f"pos,good{comma}really {i}\nneg,bad{comma}dull{comma}long {i}\nneg,poor {i}\n" for i in range(15))
    table = read_delimited(header + rows, origin="f.csv")
    label, text = table.columns.values()
    assert text[:3] == [f"good{comma}really 0", f"bad{comma}dull{comma}long 0", "poor 0"]
    assert label == ["pos", "neg", "neg"] * 15
    line = 2 if header else 1
    assert f"f.csv: 30 texts with the delimiter in it, the first on line {line}, not in quotation marks" in str(
        table.notes
    )


def test_where_nothing_tells_the_text_apart_the_row_is_named() -> None:
    rows = "".join(f"{i},good, really,{i * 7}\n" for i in range(20))
    with pytest.raises(InputError, match=r"first row has 3 fields, most rows have 4 .line 2 has 4.: put texts"):
        read_delimited("id,text,seen\n" + rows, origin="f.csv")


@pytest.mark.parametrize("swallowed", [3, 50, 25_000])
def test_a_class_that_stands_between_two_stray_quotes_is_rows(swallowed: int) -> None:
    before = "".join(f"neg\tbad {i}\nfair\tso-so {i}\n" for i in range(20_500))
    rare = "".join(f"pos\tgood {i}\n" for i in range(swallowed))
    table = read_delimited(f'{before}pos\t"fine\n{rare}pos\tof 5"\n', origin="f.tsv", delimiter="\t")
    assert table.columns["column_1"].count("pos") == swallowed + 2


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (r'"he said \"no\", twice","pos"', ['he said "no", twice', "pos"]),
        ('"he said ""no"", twice","pos"', ['he said "no", twice', "pos"]),
        ('"a 5" pipe","pos"', ['a 5" pipe', "pos"]),
        ('"the quote is missing,"pos"', ["the quote is missing", "pos"]),
        ('the quote is missing","pos"', ["the quote is missing", "pos"]),
        ('"missing behind the label","pos', ["missing behind the label", "pos"]),
        ('"missing before the label",pos"', ["missing before the label", "pos"]),
        ('"two, and missing,"pos"', ["two, and missing", "pos"]),
        ('"said "no", and\nleft","pos"', ['said "no", and\nleft', "pos"]),
    ],
)
def test_a_stray_mark_in_a_file_of_quoted_fields(line: str, row: list[str]) -> None:
    rows = "".join(f'"good, {i}","pos"\n"bad, {i}","neg"\n' for i in range(15))
    table = read_delimited(f'"text","label"\n{rows}{line}\n{rows}', origin="f.csv")
    assert [column[30] for column in table.columns.values()] == row
    assert len(table.columns["text"]) == 61
    assert set(table.columns["label"]) == {"pos", "neg"}


@pytest.mark.parametrize(
    ("before", "notes"),
    [
        ("sep=;\n", "separated by semicolons"),
        ('"sep=;"\n', "separated by semicolons"),
        ("# made in 2026; two columns\n", "1 comment line before the header not read"),
        ("# made in 2026\n\n# by hand\n", "comment lines before the header not read"),
    ],
)
def test_what_stands_before_the_header_is_no_row(before: str, notes: str) -> None:
    table = read_delimited(before + "text;label\n" + ROWS.replace(",", ";") + "odd\n", origin="f.csv")
    assert list(table.columns) == ["text", "label"]
    assert len(table.columns["text"]) == 30
    assert notes in " ".join(table.notes)
    assert f"the first on line {before.count(chr(10)) + 32} with 1" in " ".join(table.notes)


def test_a_first_text_that_begins_with_a_hash_is_a_text() -> None:
    table = read_delimited("#good film\tpos\n" + ROWS.replace(",", "\t"), origin="f.tsv")
    assert table.columns["column_1"][0] == "#good film"


def test_a_lone_carriage_return_ends_no_line_where_line_feeds_do() -> None:
    assert texts_of("text,label\r\na\rb,pos\r\nc,neg\r\nd,pos\r\r\n") == ["a\rb", "c", "d"]


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
    rows = "".join(f'"open number {i},{("pos", "neg")[i % 2]}\n' for i in range(20_000))
    assert len(texts_of("text,label\n" + rows)) == 20_000
