import pytest

from tuner.data.reading.charset import decode
from tuner.errors import InputError

PLAIN = b"an ordinary film review in plain letters,positive\n" * 100_000  # 5 MB


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        ("naïve – 5 €".encode(), "naïve – 5 €", "UTF-8"),
        ("naïve – 5 €".encode("utf-8-sig"), "naïve – 5 €", "UTF-8 with byte order mark"),
        ("naïve – 5 €".encode("utf-16"), "naïve – 5 €", "UTF-16"),
        (b"\xfe\xff" + "naïve".encode("utf-16-be"), "naïve", "UTF-16"),
        ("text,label\nIt is good,pos\n".encode("utf-16-le"), "text,label\nIt is good,pos\n", "UTF-16"),
        ("text,label\nIt is good,pos\n".encode("utf-16-be"), "text,label\nIt is good,pos\n", "UTF-16"),
        ("naïve".encode("utf-32"), "naïve", "UTF-32"),
    ],
)
def test_unicode_encodings(raw: bytes, text: str, encoding: str) -> None:
    decoded = decode(raw, name="f.csv")
    assert (decoded.text, decoded.encoding) == (text, encoding)


@pytest.mark.parametrize("before", [b"", PLAIN], ids=["small", "late in a big file"])
def test_windows_1252_quotes_and_euro(before: bytes) -> None:
    odd = "it’s “great”, for 5 € – fine…,pos\n"
    decoded = decode(before + odd.encode("cp1252"), name="f.csv")
    assert decoded.encoding == "Windows-1252"
    assert decoded.text.endswith(odd)
    assert decoded.note("f.csv") == "f.csv: read as Windows-1252, not UTF-8"


@pytest.mark.parametrize("before", [b"", PLAIN], ids=["small", "late in a big file"])
def test_latin_1_accents(before: bytes) -> None:
    odd = "un été très agréable à la forêt, où l'hôtel est près du café\n"
    assert decode(before + odd.encode("latin-1"), name="f.csv").text.endswith(odd)


def test_latin_1_where_windows_1252_fails_beyond_the_sample() -> None:
    # 0x81 is nothing in Windows-1252; among thousands of accents the sample does not see it.
    raw = "un été très agréable à la forêt\n".encode("latin-1") * 2000
    decoded = decode(raw[:31_000] + b"\x81" + raw[31_000:], name="f.csv")
    assert decoded.encoding == "Latin-1"
    assert "été" in decoded.text


def test_another_alphabet_is_not_read_as_western() -> None:
    text = "Отличный фильм, всем советую посмотреть. Плохой фильм, скучно.\n" * 5
    assert decode(text.encode("cp1251"), name="f.csv").text == text


def test_a_broken_byte_does_not_spoil_utf_8() -> None:
    decoded = decode("caféé à la crème, très bien\n".encode() * 20 + b"stray \xe9 here", name="f.csv")
    assert decoded.text.startswith("caféé à la crème")
    assert decoded.text.endswith("stray \ufffd here")
    assert decoded.note("f.csv") == "f.csv: 1 broken UTF-8 sequence shown as U+FFFD"


def test_plain_utf_8_is_not_worth_a_word() -> None:
    assert decode(b"text", name="f.csv").note("f.csv") is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "a byte order mark alone"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG image"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"PAR1rest", "a Parquet file"),
        (bytes(range(256)) * 40, "binary file .NUL at byte 0"),
        (b"text,label\na\x00b,pos\n", "binary file .NUL at byte 12"),
        (b"\xff\xfea", "begins as UTF-16"),
        (b"\xef\xbb\xbfa\x00b", "NUL characters"),
    ],
)
def test_what_is_no_text(raw: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"^f\.csv .*{reason}"):
        decode(raw, name="f.csv")
