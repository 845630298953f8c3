"""From the bytes of a text file to its characters, with the encoding named.

UTF-8 and byte order marks say for certain what they are. Everything else is for chardet to decide, from lines all over the
file, but for text that is plainly Western: a few accents and typographic marks tell a detector of languages little. Files
that belong together are decoded together, since one alone may be too short.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import chardet

from tuner.errors import InputError
from tuner.formatting import counted, shown

# The four-byte marks come first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_KINDS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x7fELF", "a program"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "iso8859-1": "Latin-1",
}
# The names of chardet, and what to decode with: the narrowest first, for the others read some characters differently.
_CODECS = {
    "iso-8859-1": ("cp1252", "iso8859-1"),
    "ascii": ("cp1252", "iso8859-1"),
    "iso-8859-9": ("cp1254", "iso8859-9"),
    "shift_jis": ("shift_jis", "cp932"),
    "euc-kr": ("euc_kr", "cp949"),
    "uhc": ("cp949",),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "big5": ("big5", "big5hkscs"),
    "gb2312": ("gb18030",),
    "tis-620": ("tis-620", "cp874"),
    "iso-8859-11": ("tis-620", "cp874"),
}
_RIVALS = {
    "cp1250": "iso8859-2",
    "iso8859-2": "cp1250",
    "cp1254": "cp1252",
    "iso8859-9": "cp1252",
    "iso8859-15": "cp1252",
    "cp1257": "iso8859-13",
    "iso8859-13": "cp1257",
    "cp1253": "iso8859-7",
    "iso8859-7": "cp1253",
    "cp1255": "iso8859-8",
    "iso8859-8": "cp1255",
}
_MULTIBYTE: Final = ("shift_jis", "cp932", "euc_jp", "euc_jis_2004", "euc_kr", "cp949", "big5", "big5hkscs", "gb18030")
_WESTERN: Final = ("cp1252", "iso8859-1")
_WESTERN_SETS: Final = ("cp1252", "cp850", "mac-roman")
_VOTES: Final = 5
_SAMPLE: Final = 2**20  # bytes
_PIECE: Final = 2**24  # bytes that are checked at a time
_ODD = re.compile(rb"[\x80-\xff]+")
_ASCII_BLANKED = b" " * 128 + bytes(range(128, 256))
_CONTROLS = bytes(code for code in (*range(1, 32), 127) if chr(code) not in "\t\n\v\f\r\x1a\x1b")
_NOT_CONTROLS = bytes(code for code in range(256) if code not in _CONTROLS)
# What a Western text holds beside ASCII in Windows-1252: marks beside letters and blanks, letters within words.
_WESTERN_MARKS = "€…‘’“”•–—™\xa0£©«»®°´·½¼¾¿¡§²³×"
_SMALL = "àáâãäåæçèéêëíîïñóôöøùúûüßœ"
_CAPITALS = "ÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜŒ"
_FITS_WEST = re.compile(
    f"(?<![A-Za-z{_SMALL}{_CAPITALS}])[{_WESTERN_MARKS}]+|[{_WESTERN_MARKS}]+(?![a-z{_SMALL}{_CAPITALS}])"
    f"|(?<=[A-Za-z])[’´](?=[a-z])|(?<=[A-Za-z])[{_SMALL}]{{1,2}}|[{_SMALL}](?=[a-z])"
    f"|(?<![a-z])[{_CAPITALS}](?=[A-Za-z])|(?<=[A-Z])[{_CAPITALS}]|(?<= )[àéÀÉ](?= )"
)
_REMEDY = "save it as UTF-8 text"


@dataclass(frozen=True)
class Decoded:
    """A file's text.

    Attributes:
        content: in UTF-8, without byte order mark.
        encoding: of the file, as people call it.
        codec: of the file, as Python calls it.
        replaced: how many broken sequences became U+FFFD.
        dropped: how many NUL bytes were taken out.
        rival: another encoding that fits as well, None where none does.
    """

    content: bytes
    encoding: str
    codec: str
    replaced: int = 0
    dropped: int = 0
    rival: str | None = None

    @property
    def text(self) -> str:
        """The characters."""
        return self.content.decode()

    def notes(self, name: str) -> list[str]:
        """Returns the sentences that say aloud how ``name`` was read; none for plain UTF-8."""
        notes = []
        if self.dropped:
            notes.append(f"{name}: {counted(self.dropped, 'NUL byte')} dropped")
        if self.replaced:
            notes.append(f"{name}: {counted(self.replaced, f'broken {self.encoding} sequence')} shown as U+FFFD")
        elif not self.encoding.startswith("UTF-8"):
            near = f"; {self.rival} is near: name it with `encoding` if letters are wrong" if self.rival else ""
            notes.append(f"{name}: read as {self.encoding}, not UTF-8{near}")
        return notes


class TextDecoder:
    """Decodes text files that belong together: those whose bytes do not say their encoding are in one."""

    def __init__(self, encoding: str | None = None, beside: Callable[[], Iterable[bytes]] = tuple) -> None:
        self._codec = None if encoding is None else known_codec(encoding)
        self._beside = beside
        self._guesses: list[tuple[str, str | None]] | None = None

    def decode(self, raw: bytes, *, name: str) -> Decoded:
        """Decodes one of the files.

        Args:
            raw: all of its bytes.
            name: stands for it in messages.

        Raises:
            InputError: where it is empty, is no text, or is in no encoding that decodes it to its last byte.
        """
        if self._codec is not None:
            return _given(raw, name, self._codec)
        certain = _certain(raw, name)
        if certain is not None:
            return certain
        if self._guesses is None:
            self._guesses = _candidates([raw, *filter(_is_doubtful, self._beside())])
        return _detected(raw, name, self._guesses)


def decode(raw: bytes, *, name: str) -> Decoded:
    """Decodes the bytes of a text file that stands alone, as ``TextDecoder`` does."""
    return TextDecoder().decode(raw, name=name)


def _is_doubtful(raw: bytes) -> bool:
    """Whether the encoding of these bytes has to be guessed; not so where they are no text."""
    try:
        return bool(raw) and _certain(raw, "") is None
    except InputError:
        return False


def known_codec(encoding: str) -> str:
    """Returns the codec's own name.

    Raises:
        InputError: where Python knows no such encoding of text.
    """
    try:
        "a".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, UnicodeError, ValueError):
        raise InputError(
            "is no known encoding; give a name such as utf-8, cp1252, iso8859-2, gb18030 or shift_jis",
            option="encoding",
            value=encoding,
        ) from None


def _given(raw: bytes, name: str, codec: str) -> Decoded:
    _check_not_empty(raw, name)
    if codec == "utf-8" and raw.startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    try:
        text = raw.decode(codec)
    except UnicodeError as error:
        place = f"byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else "its end"
        raise InputError(
            f"{name} is not in {codec} ({place} breaks it): name another with `encoding`, or leave it out"
        ) from error
    dropped = text.count("\x00")
    return Decoded(text.replace("\x00", "").encode(errors="replace"), _name(codec), codec, dropped=dropped)


def _check_not_empty(raw: bytes, name: str) -> None:
    if not raw:
        raise InputError(f"{name} is empty (0 bytes): give a file with labelled texts")


def _name(codec: str) -> str:
    return _NAMES.get(codec, codec)


def _certain(raw: bytes, name: str) -> Decoded | None:
    """The file where its bytes say for certain what they are, None where its encoding has to be guessed."""
    _check_not_empty(raw, name)
    for mark, marked in _MARKS:
        if raw.startswith(mark):
            return _marked(raw, marked, name)
    for magic, kind in _KINDS:
        if raw.startswith(magic):
            raise InputError(f"{name} is {kind}, not text: unpack or convert it, and give the text file")
    if b"\x00" in raw and (codec := _wide(raw)) is not None:
        return Decoded(raw.decode(codec).encode(), _name(codec), codec)
    content, dropped = _without_nulls(raw)
    _check_no_controls(content, raw, name)
    if _is_utf8(content):
        escaped = _whole(content, "iso2022_jp_2") if b"\x1b$" in content else None
        if escaped is not None:
            return Decoded(escaped.encode(), "iso2022-jp", "iso2022_jp_2", dropped=dropped)
        return Decoded(content, "UTF-8", "utf-8", dropped=dropped)
    return _mostly_utf8(content, dropped)


def _marked(raw: bytes, codec: str, name: str) -> Decoded:
    if codec == "utf-8-sig":
        content = raw[3:]
        if not _is_utf8(content):
            mended = _mostly_utf8(content, 0)
            if mended is None:
                place = _first_fault(content) + 3
                raise InputError(f"{name} begins as {_name(codec)} but byte {place:,} breaks it: {_REMEDY}")
            content = mended.content
    else:
        try:
            content = raw.decode(codec).encode()
        except UnicodeError as error:
            place = getattr(error, "start", len(raw))
            raise InputError(f"{name} begins as {_name(codec)} but byte {place:,} breaks it: {_REMEDY}") from error
    content, dropped = _without_nulls(content)
    if not content:
        raise InputError(f"{name} is empty (a byte order mark alone): give a file with labelled texts")
    return Decoded(content, _name(codec), codec, dropped=dropped)


def _first_fault(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


def _wide(raw: bytes) -> str | None:
    """UTF-16 without a mark: its zeros stand on one side of the pairs, and its lines end with line feeds."""
    zeros = [raw[side::2].count(0) for side in (0, 1)]
    if len(raw) % 2 or max(zeros) * 100 < len(raw) or min(zeros) * 20 > max(zeros):
        return None
    codec = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    text = _whole(raw, codec)
    lines = text is not None and "\x00" not in text and any(end in text for end in "\n\r")
    return codec if lines else None


def _without_nulls(raw: bytes) -> tuple[bytes, int]:
    content = raw.replace(b"\x00", b"") if b"\x00" in raw else raw
    return content, len(raw) - len(content)


def _check_no_controls(content: bytes, raw: bytes, name: str) -> None:
    """No text has many control characters, nor NUL bytes all over."""
    if len(content) == len(raw) and not content[:4096].translate(None, _NOT_CONTROLS):
        return
    controls = len(content.translate(None, _NOT_CONTROLS))
    nulls = len(raw.rstrip(b"\x00")) - len(content)  # a block of them at the end is what a crash leaves
    if controls * 100 > len(content) or nulls * 5 > len(content) or not content:
        first = next(place for place, byte in enumerate(raw) if byte in _CONTROLS or not byte)
        kind = "NUL" if not raw[first] else "control character"
        raise InputError(f"{name} is a binary file ({kind} at byte {first:,}), not text: {_REMEDY}")


def _is_utf8(content: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            decoder.decode(content[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(raw: bytes, dropped: int) -> Decoded | None:
    """UTF-8 with a few broken bytes: another encoding would spoil all the sound characters for the sake of the few."""
    odd = b" ".join(raw.translate(_ASCII_BLANKED).split())  # a small part of most files, so quick to look through
    characters = odd.decode("utf-8", errors="replace")
    replaced = characters.count("\ufffd") - odd.count(b"\xef\xbf\xbd")
    sound = len(characters) - characters.count(" ") - replaced
    if sound < 10 * replaced:
        return None
    return Decoded(raw.decode("utf-8", errors="replace").encode(), "UTF-8", "utf-8", replaced, dropped)


def _candidates(raws: Sequence[bytes]) -> list[tuple[str, str | None]]:
    """The encodings that fit these files, the likeliest first, each with a near one that fits as well."""
    lines = _sample(raws)
    asked = _asked(lines)
    sample = b"\n".join(lines)
    western = next((codec for codec in _WESTERN_SETS if _looks_western(sample, codec)), None)
    if western is not None and (not asked or asked[0] not in _MULTIBYTE):
        rival = asked[0] if asked and asked[0] in _RIVALS else None
        tried = [(codec, rival) for codec in (_WESTERN if western in _WESTERN else (western,))]
    else:
        tried = [(codec, _RIVALS.get(codec)) for codec in asked]
        tried += [(rival, codec) for codec, rival in tried if rival is not None]
    return [*tried, *((codec, None) for codec in _WESTERN)]


def _asked(lines: Sequence[bytes]) -> tuple[str, ...]:
    """What chardet takes most of some samples for: a broken byte in one of them does not decide."""
    samples = _VOTES if len(lines) >= _VOTES * 10 else 1
    found = Counter(
        _python_names(chardet.detect(b"\n".join(lines[start::samples]))["encoding"]) for start in range(samples)
    )
    return found.most_common(1)[0][0]


def _python_names(found: str | None) -> tuple[str, ...]:
    if found is None or found.lower() == "utf-8":
        return ()
    if found.lower() in _CODECS:
        return _CODECS[found.lower()]
    try:
        return (codecs.lookup(found).name,)
    except LookupError:
        return ()


def _looks_western(sample: bytes, codec: str) -> bool:
    text = sample.decode(codec, errors="replace")
    odd = sum(character > "\x7f" for character in text)
    fits = sum(len(match[0]) - match[0].count(" ") for match in _FITS_WEST.finditer(text))
    return fits >= 0.97 * odd


def _sample(raws: Sequence[bytes]) -> list[bytes]:
    """Whole lines that hold bytes beyond ASCII, from all over the files: elsewhere there is nothing to detect."""
    size = sum(map(len, raws))
    lines = [line for raw in raws for line in _odd_lines(raw, share=min(1.0, 16 * _SAMPLE / size))]
    step = max(1, sum(map(len, lines)) // _SAMPLE)
    return lines[::step]


def _odd_lines(raw: bytes, share: float) -> Iterator[bytes]:
    """Yields lines with odd bytes, of a large file those of evenly spread parts that make up ``share`` of it."""
    parts = 1 if share == 1 else 64
    width = len(raw) // parts + 1
    for part in range(0, len(raw), width):
        position, end = part, part + max(1, int(width * share))
        while (hit := _ODD.search(raw, position, end)) is not None:
            start = max(raw.rfind(b"\n", 0, hit.start()) + 1, position)
            stop = raw.find(b"\n", hit.end())
            position = len(raw) if stop < 0 else stop + 1
            yield raw[start : position - 1 if stop >= 0 else position]


def _detected(raw: bytes, name: str, guesses: Sequence[tuple[str, str | None]]) -> Decoded:
    content, dropped = _without_nulls(raw)
    for place, (codec, rival) in enumerate(guesses):
        text = _whole(content, codec)
        replaced = 0
        if text is None and place == 0 and codec in _MULTIBYTE:
            text = content.decode(codec, errors="replace")
            replaced = text.count("\ufffd")
            if replaced * 100 > sum(character > "\x7f" for character in text):
                continue
        if text is not None:
            near = rival if rival is not None and _whole(content, rival) not in {None, text} else None
            return Decoded(text.encode(), _name(codec), codec, replaced, dropped, near)
    raise InputError(
        f"{name} is in no known text encoding ({shown(content[:20])}): {_REMEDY}, or name it with `encoding`"
    )


def _whole(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None
