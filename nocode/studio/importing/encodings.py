"""Which encoding a text file has, and where it does not keep to it."""

import codecs
from collections.abc import Iterable

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.importing.streams import Source

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Offered besides what was found.
ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r"),
    *("cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac-roman", "cp437", "cp850", "shift_jis", "euc_jp"),
    *("gb18030", "big5", "euc_kr"),
)
_LOOKED_AT = 256 * 1024
_SAMPLE = 32 * 1024
# What Western European texts write with one byte above 127, in Windows' code page.
_WESTERN = frozenset("éèêëàâäáãåçùûüúîïíìôöóõòñßøæœÉÈÀÇÄÖÜØÅŒÆÑ€£§°«»–—’‘“”…·©®ºª½¼²³µ\xa0")


def detect(source: Source) -> str:
    """The encoding of a text file: by its mark, as UTF-8 when all of it is, else the likeliest one."""
    first = next(iter(source()), b"")
    for mark, name in _MARKS.items():
        if first.startswith(mark):
            return name
    if wide := _wide(first[:4096]):
        return wide
    if is_valid(source(), "utf-8"):
        return "utf-8"
    return _likeliest(_foreign_lines(source()))


def is_valid(pieces: Iterable[bytes], encoding: str) -> bool:
    """Whether all of a file can be read in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def explain_undecodable(source: Source, encoding: str) -> ImportRefused:
    """The refusal that says where a file stops being text in this encoding."""
    decoder, read, lines = codecs.getincrementaldecoder(encoding)(), 0, 0
    for piece in (*source(), b""):
        pending = len(decoder.getstate()[0])
        try:
            lines += decoder.decode(piece, final=not piece).count("\n")
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, errors="replace")
            return ImportRefused(
                _(
                    "Line %(line)d: byte %(byte)s at position %(position)d is not text in the encoding %(encoding)s. "
                    "Choose another encoding, or save the file as UTF-8."
                )
                % {
                    "line": lines + good.count("\n") + 1,
                    "byte": f"0x{error.object[error.start]:02X}",
                    "position": read - pending + error.start + 1,
                    "encoding": encoding,
                }
            )
        read += len(piece)
    return ImportRefused(_("The file is not text in the encoding %(encoding)s.") % {"encoding": encoding})


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark: of Western text, every second byte is zero."""
    if len(sample) < 4 or b"\x00" not in sample:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) * 0.4 and even * 20 < odd:
        return "utf-16-le"
    return "utf-16-be" if even > len(sample) * 0.4 and odd * 20 < even else ""


def _foreign_lines(pieces: Iterable[bytes]) -> bytes:
    """The lines that tell encodings apart: those with bytes above 127."""
    looked_at, sample = 0, bytearray()
    for piece in pieces:
        for line in piece.splitlines(keepends=True):
            if not line.isascii():
                sample += line
            if len(sample) >= _SAMPLE:
                return bytes(sample[:_SAMPLE])
        looked_at += len(piece)
        if looked_at > _LOOKED_AT and sample:
            break
    return bytes(sample[:_SAMPLE])


def _likeliest(sample: bytes) -> str:
    if _is_western(sample):
        return "cp1252"
    best = from_bytes(sample).best()
    if best is not None:
        return codecs.lookup(best.encoding).name
    return "cp1252" if is_valid([sample], "cp1252") else "iso8859-1"


def _is_western(sample: bytes) -> bool:
    """Few letters beyond ASCII, and those the ones of Western Europe; guessing by statistics errs on short texts."""
    text = sample.decode("cp1252", errors="replace")
    foreign = [character for character in text if character > "\x7f"]
    foreign_letters = sum(character.isalpha() for character in foreign)
    letters = sum(character.isascii() and character.isalpha() for character in text)
    usual = sum(character in _WESTERN for character in foreign)
    return bool(foreign) and foreign_letters * 2 < letters and usual >= len(foreign) * 0.9
