"""Tables as programs write them, with what is nasty in CSV at every place of a text, are read back as they were."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.covering import examples
from tuner.data.reading.delimited import read_delimited
from tuner.errors import InputError

pytestmark = pytest.mark.slow
PIECES = st.sampled_from(
    [
        *("good", "a", "film", "5", "é", "酒店", "🎬", " ", "  ", "...", "'", "#", "-", "=", "%", "https://a.b/c?d=e"),
        *(
            '"',
            '""',
            '"""',
            "\\",
            "\\\\",
            '\\"',
            '",',
            ',"',
            '"\n',
            '\n"',
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            ",",
            ", ",
            ";",
            "|",
        ),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=9).map("".join).filter(lambda text: text.strip(' "\r\n\t'))
LABELS = st.sampled_from([["pos", "neg"], ["0", "1"], ["very good", "so-so", "bad"], ["Положительно", "Отрицательно"]])


@dataclass(frozen=True)
class Table:
    texts: list[str]
    labels: list[str]
    label_first: bool
    header: tuple[str, str] | None
    delimiter: str
    line_end: str

    def rows(self) -> list[list[str]]:
        rows = [[text, label] for text, label in zip(self.texts, self.labels, strict=True)]
        rows = [list(self.header), *rows] if self.header else rows
        return [row[::-1] for row in rows] if self.label_first else rows


@st.composite
def tables(draw: st.DrawFn) -> Table:
    texts = draw(st.lists(TEXTS, min_size=4, max_size=25, unique=True))
    names = draw(LABELS)
    labels = [names[place % len(names)] for place in range(len(texts))]
    header = draw(st.sampled_from([("text", "label"), ("Review Text", "sentiment"), None]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    return Table(texts, labels, draw(st.booleans()), header, delimiter, draw(st.sampled_from(["\n", "\r\n"])))


def csv_writer(quoting: int) -> Callable[[Table], str]:
    def write(table: Table) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=table.delimiter, quoting=quoting, lineterminator=table.line_end).writerows(
            table.rows()
        )
        return buffer.getvalue()

    return write


def by_pandas(table: Table) -> str:
    header, *rows = table.rows() if table.header else [None, *table.rows()]
    return str(
        pd.DataFrame(rows, columns=header).to_csv(
            index=False, header=bool(header), sep=table.delimiter, lineterminator=table.line_end
        )
    )


def quoted_where_needed(table: Table) -> str:
    """Quotes as DuckDB and Polars do: where a field holds a delimiter, a quotation mark or a line end."""

    def field(value: str) -> str:
        needed = any(character in value for character in (table.delimiter, '"', "\n", "\r"))
        return '"' + value.replace('"', '""') + '"' if needed else value

    return "".join(table.delimiter.join(map(field, row)) + table.line_end for row in table.rows())


def by_excel(table: Table) -> str:
    return f"sep={table.delimiter}\r\n" + quoted_where_needed(table)


def with_backslashes(escape_backslash: bool) -> Callable[[Table], str]:
    """Quotes all as R's write.table and MySQL do by default: a quotation mark is escaped by a backslash."""

    def write(table: Table) -> str:
        def field(value: str) -> str:
            value = value.replace("\\", "\\\\") if escape_backslash else value
            return '"' + value.replace('"', '\\"') + '"'

        return "".join(table.delimiter.join(map(field, row)) + table.line_end for row in table.rows())

    return write


def outcome(table: Table, written: str) -> tuple[bool, str]:
    """Whether the table is read back, and what is said beside its layout."""
    delimiter = "\t" if table.delimiter == "\t" else None
    try:
        read = read_delimited(written.encode(), origin="f", delimiter=delimiter)
    except InputError as error:
        return False, str(error)
    texts, labels = list(read.columns.values())[:: -1 if table.label_first else 1]
    layout = re.compile("separated by|spans? lines|no header")
    said = " ".join(note for note in read.notes if not layout.search(note))
    same = [str(text).replace("\r\n", "\n") for text in texts] == [text.replace("\r\n", "\n") for text in table.texts]
    return same and labels == table.labels, said


EXACT: Sequence[Callable[[Table], str]] = (
    csv_writer(csv.QUOTE_ALL),
    csv_writer(csv.QUOTE_MINIMAL),
    csv_writer(csv.QUOTE_NONNUMERIC),
    by_pandas,
    quoted_where_needed,
    by_excel,
)
BACKSLASHES = (with_backslashes(False), with_backslashes(True))
QUICK = settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(tables(), st.sampled_from(EXACT))
def test_what_writers_of_csv_wrote_comes_back(table: Table, write: Callable[[Table], str]) -> None:
    written = write(table)
    same, said = outcome(table, written)
    # Where not all fields are quoted, lines within a text that are rows by themselves may be rows with a stray mark.
    lines = [line for text in table.texts if "\n" in text for line in text.splitlines()]
    is_ambiguous = '"\n"' not in written and any(table.delimiter in line for line in lines)
    assert same or (is_ambiguous and said), (written, said)


def test_lines_within_fields_are_no_rows_where_every_field_is_quoted() -> None:
    table = Table(["good", "goodgood", '"\ngood,', '"\ngood,\\'], ["a b", "so-so", "bad", "a b"], True, None, ",", "\n")
    assert outcome(table, csv_writer(csv.QUOTE_ALL)(table)) == (True, "")


@QUICK
@given(tables(), st.sampled_from(BACKSLASHES))
def test_what_is_escaped_by_backslashes_comes_back_or_is_said(table: Table, write: Callable[[Table], str]) -> None:
    written = write(table)
    same, said = outcome(table, written)
    assert same or said, written
