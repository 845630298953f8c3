"""From the bytes of a text file to its characters, with the encoding named.

UTF-8 and byte order marks say for certain what they are. Everything else is for charset-normalizer to judge, first
between the two encodings of Western Windows and Unix programs, which no detector tells from their regional sisters on
short texts, then between all that it knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from tuner.errors import InputError
from tuner.formatting import counted

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
    "utf-8-sig": "UTF-8 with byte order mark",
    "utf-16": "UTF-16",
    "utf_16_le": "UTF-16",
    "utf_16_be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "latin_1": "Latin-1",
}
_ASCII_BLANKED = b" " * 128 + bytes(range(128, 256))
_ODD = re.compile(rb"[\x80-\xff]+")
_WESTERN = ["cp1252", "latin_1"]
_REMEDY = "save it as UTF-8 text"


@dataclass(frozen=True)
class Decoded:
    """A file's characters without byte order mark, its encoding, and how many broken bytes became U+FFFD."""

    text: str
    encoding: str
    replaced: int = 0

    def note(self, name: str) -> str | None:
        """Return the sentence that says aloud how `name` was read; None for plain UTF-8."""
        if self.replaced:
            return f"{name}: {counted(self.replaced, 'broken UTF-8 sequence')} shown as U+FFFD"
        return None if self.encoding.startswith("UTF-8") else f"{name}: read as {self.encoding}, not UTF-8"


def decode(raw: bytes, *, name: str) -> Decoded:
    """Decode the bytes of a text file; `name` stands for the file in messages.

    Raises InputError where the file is empty, is no text, or is in no encoding that decodes it to its last byte.
    """
    if not raw:
        raise InputError(f"{name} is empty (0 bytes): give a file with labelled texts")
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return _marked(raw, codec, name)
    for magic, kind in _KINDS:
        if raw.startswith(magic):
            raise InputError(f"{name} is {kind}, not text: unpack or convert it, and give the text file")
    if b"\x00" in raw:
        return _with_nulls(raw, name)
    try:
        return Decoded(raw.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _mostly_utf8(raw) or _detected(raw, name)


def _marked(raw: bytes, codec: str, name: str) -> Decoded:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        place = f"byte {error.start:,}"
        raise InputError(f"{name} begins as {_NAMES[codec]} but {place} breaks it: {_REMEDY}") from error
    if "\x00" in text:
        raise InputError(f"{name} holds NUL characters (the first is character {text.index(chr(0)):,}): {_REMEDY}")
    if not text:
        raise InputError(f"{name} is empty (a byte order mark alone): give a file with labelled texts")
    return Decoded(text, _NAMES[codec])


def _with_nulls(raw: bytes, name: str) -> Decoded:
    """Text with NUL bytes is UTF-16 without a mark, or it is no text."""
    sample = raw[:8192]
    for match in from_bytes(sample, cp_isolation=["utf_16_le", "utf_16_be"]):
        text = _whole(raw, match.encoding)
        if text is not None and "\x00" not in text:
            return Decoded(text, _NAMES[match.encoding])
    first = raw.index(b"\x00")
    raise InputError(f"{name} is a binary file (NUL at byte {first:,}), not text: {_REMEDY}")


def _mostly_utf8(raw: bytes) -> Decoded | None:
    """UTF-8 with a few broken bytes: another encoding would spoil all the sound characters for the sake of the few."""
    odd = b" ".join(raw.translate(_ASCII_BLANKED).split())  # a small part of most files, so quick to look through
    characters = odd.decode("utf-8", errors="replace")
    replaced = characters.count("\ufffd") - odd.count(b"\xef\xbf\xbd")
    sound = len(characters) - characters.count(" ") - replaced
    return Decoded(raw.decode("utf-8", errors="replace"), "UTF-8", replaced) if sound >= 10 * replaced else None


def _detected(raw: bytes, name: str) -> Decoded:
    sample = b"\n".join(_odd_places(raw))
    steps = max(5, len(sample) // 512)
    for isolation in (_WESTERN, None):
        tried = [match.encoding for match in from_bytes(sample, steps=steps, cp_isolation=isolation)]
        if isolation and tried:
            # Five bytes mean nothing in Windows-1252; Latin-1 decodes anything, so it is the next candidate.
            tried = list(dict.fromkeys([*tried, "latin_1"]))
        for codec in tried:
            text = _whole(raw, codec)
            if text is not None:
                return Decoded(text, _NAMES.get(codec, codec.replace("_", "-")))
    raise InputError(f"{name} is in no known text encoding (UTF-8, UTF-16, Windows-1252, Latin-1 ...): {_REMEDY}")


def _odd_places(raw: bytes, sections: int = 8, places: int = 40) -> Iterator[bytes]:
    """Yield what surrounds the bytes beyond ASCII, from all over the file: elsewhere there is nothing to detect."""
    width = len(raw) // sections + 1
    done = 0
    for section in range(0, len(raw), width):
        position = max(section, done)
        for _ in range(places):
            hit = _ODD.search(raw, position, section + width)
            if hit is None:
                break
            # Cut at ASCII blanks, which are never part of a multi-byte character; 100 bytes give the detector context.
            start = max(done, raw.rfind(b" ", 0, max(0, hit.start() - 100)) + 1, hit.start() - 1000)
            end = raw.find(b" ", hit.end() + 100, hit.end() + 1000)
            done = position = min(len(raw), hit.end() + 1000) if end < 0 else end
            yield raw[start:position]


def _whole(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None
