import pytest

from tuner.data.reading.charset import TextDecoder, decode
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
    assert decoded.notes("f.csv") == ["f.csv: read as Windows-1252, not UTF-8"]


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
    assert decoded.notes("f.csv") == ["f.csv: 1 broken UTF-8 sequence shown as U+FFFD"]


def test_plain_utf_8_is_not_worth_a_word() -> None:
    assert decode(b"text", name="f.csv").notes("f.csv") == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "a byte order mark alone"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG image"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"PAR1rest", "a Parquet file"),
        (bytes(range(256)) * 40, "binary file .NUL at byte 0"),
        (b"\x01\x02\x03\x05\x06\xfe\xff\x0e" * 40, "binary file .control character at byte 0"),
        (b"\xff\xfea", "begins as UTF-16"),
    ],
)
def test_what_is_no_text(raw: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"^f\.csv .*{reason}"):
        decode(raw, name="f.csv")


SENTENCES = {
    "gb18030": "酒店位置很好，早餐也不错，但是房间有点小，隔音不太好。",
    "big5": "酒店位置很好，早餐也不錯，但是房間有點小，隔音不太好。",
    "shift_jis": "部屋がとても清潔で、スタッフの対応も親切でした。朝食は普通でした。",
    "euc_jp": "部屋がとても清潔で、スタッフの対応も親切でした。朝食は普通でした。",
    "iso2022_jp": "部屋がとても清潔で、スタッフの対応も親切でした。朝食は普通でした。",
    "euc_kr": "방이 아주 깨끗하고 직원들이 친절했습니다. 다시 묵고 싶어요.",
    "cp1251": "Персонал вежливый, завтрак вкусный. Номер грязный и шумный.",
    "koi8-r": "Персонал вежливый, завтрак вкусный. Номер грязный и шумный.",
    "cp866": "Персонал вежливый, завтрак вкусный. Номер грязный и шумный.",
    "cp1253": "Το πρωινό ήταν μέτριο. Δεν θα ξαναέρθω, το δωμάτιο είχε θόρυβο.",
    "cp1255": "המלון היה נקי מאוד והצוות אדיב. לא אחזור לכאן, החדר היה רועש.",
    "cp1256": "كان الفندق نظيفا جدا والموظفون لطفاء. لن أعود مرة أخرى.",
    "cp874": "ห้องพักสะอาดมาก พนักงานบริการดี อาหารเช้าธรรมดา",
    "cp1250": "Śniadanie średnie, lecz świeże. Łóżko niewygodne, hałas w nocy.",
    "iso8859-2": "Śniadanie średnie, lecz świeże. Łóżko niewygodne, hałas w nocy.",
    "cp1254": "Oda çok temizdi, görevliler güler yüzlüydü. Işıklı sokağa yakın, şahane.",
    "cp1257": "Kambarys buvo labai švarus. Lova nepatogi, triukšmas visą naktį, negrįšime.",
    "cp1252": "Le petit déjeuner était moyen, là où l’hôtel est près de la forêt – 5 €.",
    "latin-1": "La habitación estaba muy limpia. ¡Qué mañana, señor! Ruido toda la noche.",
    "cp850": "La chambre était très propre, goût à côté, près de la forêt.",
}


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize("filler", ["", "room hotel lobby coffee table street 552 and the lift "])
@pytest.mark.parametrize("encoding", SENTENCES)
def test_an_encoding_is_told_by_its_bytes(encoding: str, filler: str, rows: int) -> None:
    text = "review,label\r\n" + "".join(f"{filler}{SENTENCES[encoding]},{'ab'[i % 2]}\r\n" for i in range(rows))
    assert decode(text.encode(encoding), name="f.csv").text == text


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "euc_jp", "euc_kr"])
def test_late_lines_are_judged_whole(encoding: str) -> None:
    text = PLAIN[:100_000].decode() + f"x{SENTENCES[encoding]}\n" * 5
    for start in range(3):  # whatever sample is taken, it is cut at ends of lines
        raw = (text[start:] + SENTENCES[encoding]).encode(encoding)
        assert decode(raw, name="f.csv").text.endswith(SENTENCES[encoding])


@pytest.mark.parametrize(
    "line",
    [
        *(
            "don’t",
            "costs £5 only",
            "50°C – too hot",
            "© 2026",
            "a ½ star film",
            "señor",
            "jalapeño",
            "Ångström",
            "naïve",
        ),
        *("“Quoted” – and more…", "Motörhead rocks", "the résumé of José"),
    ],
)
def test_a_few_marks_and_names_are_western(line: str) -> None:
    text = "text,label\n" + "an ordinary film,neg\n" * 20 + f"{line},pos\n"
    assert decode(text.encode("cp1252"), name="f.csv").text == text


@pytest.mark.parametrize(
    ("encoding", "rival"), [("cp1250", "iso8859-2"), ("iso8859-2", "cp1250"), ("cp1254", "cp1252")]
)
def test_a_guess_between_near_encodings_names_the_other(encoding: str, rival: str) -> None:
    decoded = decode(f"{SENTENCES[encoding]}\n".encode(encoding) * 40, name="f.csv")
    (note,) = decoded.notes("f.csv")
    assert note.endswith(f"not UTF-8; {rival} is near: name it with `encoding` if letters are wrong")


def test_nul_bytes_are_dropped_and_counted() -> None:
    for raw in (b"text,label\na\x00b,pos\n" * 9, b"text,label\nab,pos\n" + b"\x00" * 4096):
        decoded = decode(raw, name="f.csv")
        assert decoded.content == raw.replace(b"\x00", b"")
        assert decoded.notes("f.csv") == [f"f.csv: {raw.count(0):,} NUL bytes dropped"]


def test_utf_16_without_a_mark_in_chinese() -> None:
    text = f"评论,标签\n{SENTENCES['gb18030']},好\n" * 20
    assert decode(text.encode("utf-16-le"), name="f.csv").text == text


def test_a_broken_character_does_not_spoil_a_file_of_two_byte_ones() -> None:
    raw = f"{SENTENCES['gb18030']},好\n".encode("gb18030") * 60
    decoded = decode(raw + b"\x81\xff\n", name="f.csv")
    assert decoded.text.startswith(SENTENCES["gb18030"])
    assert decoded.replaced


def test_an_encoding_that_is_given_is_used() -> None:
    raw = "très élégant".encode("cp850")
    assert TextDecoder("CP850").decode(raw, name="f.csv").text == "très élégant"
    assert TextDecoder("utf-8").decode("\ufefftrès".encode(), name="f.csv").text == "très"


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "undefined", "", "a\x00b"])
def test_an_unknown_encoding_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match="is no known encoding; give a name such as utf-8") as error:
        TextDecoder(name)
    assert error.value.option == "encoding"


def test_an_encoding_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"^f\.csv is not in utf-8 .byte 2 breaks it.: name another with `encoding`"):
        TextDecoder("utf-8").decode(b"tr\xe8s", name="f.csv")


def test_files_that_belong_together_are_judged_together() -> None:
    short = ["很好", "不错", "房间有点小", "plain", "早餐"]
    long = [SENTENCES["gb18030"] * 3]
    raws = [text.encode("gb18030") for text in short + long]
    decoder = TextDecoder(beside=lambda: [*raws, b"\x89PNG no text", b"", "été".encode()])
    assert [decoder.decode(raw, name="f").text for raw in raws] == short + long
