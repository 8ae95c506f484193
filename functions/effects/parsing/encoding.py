"""Which encoding a text is in: as it says, unless its bytes contradict; else as its bytes and its language tell."""

import codecs
import re

import charset_normalizer

from functions.effects.parsing.extract import languages_of

SAMPLE_BYTES = 100_000
_BEFORE_SAMPLE = 1_000  # plain letters before the first others; even, for encodings of two bytes
_SPOILT = 0.2  # of the letters beyond ASCII that may be lost: a stray byte does not change a file's encoding
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
         (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))  # fmt: skip
_NAMED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_WINDOWS_UPPER = re.compile(rb"[\x80-\x9f]")
_LONE = 1.5  # bytes beyond ASCII in a row, on average: letters with accents stand among plain ones
_LATIN = ["cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257"]  # by how much they are used
_DOS_LATIN = ["cp850", "cp852"]
_OTHER_SCRIPTS = ["cp1251", "cp1253", "cp1255", "cp1256", "iso8859_5", "iso8859_7", "iso8859_8", "koi8_r", "cp866",
                  "cp874", "gb18030", "big5", "cp932", "euc_jp", "euc_kr", "cp949"]  # fmt: skip
_EBCDIC = ["cp037", "cp500", "cp1140"]  # whose space is the @ of ASCII
# Windows code pages for Latin letters look alike byte by byte; which it is depends on the language. Others are in 1252.
_PAGES = {
    **dict.fromkeys(("pol", "ces", "slk", "hun", "slv", "hrv", "ron"), "cp1250"),
    **dict.fromkeys(("lit", "lav"), "cp1257"),
    "tur": "cp1254",
}


def encoding_of(data: bytes, says_itself: bool = False) -> str:
    """Python's name of the encoding; `says_itself` where the first lines name it, as those of HTML and XML do."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if says_itself and (named := _NAMED.search(data[:2048])) and b"\0" not in data[:64]:
        name = _as_browsers_do(named[1].decode("ascii"))
        if _fits(data, name):
            return name
    return _without_mark(data) or ("utf-8" if _fits(data, "utf-8") else _detected(data))


def _fits(data: bytes, name: str) -> bool:
    """Whether nearly all that the data has beyond ASCII is text in this encoding."""
    try:
        text = codecs.decode(data, name, "replace")
    except (LookupError, ValueError):
        return False
    spoilt = text.count("\N{REPLACEMENT CHARACTER}")
    return not spoilt or spoilt <= _SPOILT * sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))


def _as_browsers_do(name: str) -> str:
    return {"iso-8859-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
            "shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8"}.get(name.lower(), name)  # fmt: skip


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of Western text is zero."""
    sample = data[:4096]
    if len(sample) < 4 or sample.count(0) < len(sample) // 4:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"


def _detected(data: bytes) -> str:
    beyond = _BEYOND_ASCII.search(data)
    start = max(0, beyond.start() - _BEFORE_SAMPLE) & ~1 if beyond else 0
    sample = data[start : start + SAMPLE_BYTES]
    best = charset_normalizer.from_bytes(sample, cp_isolation=[*_LATIN, *_beside_latin(sample)]).best()
    return _latin(sample) if best is None or best.encoding in _LATIN else best.encoding


def _beside_latin(sample: bytes) -> list[str]:
    if sample.count(b"@") > sample.count(b" "):
        return _EBCDIC
    runs = _BEYOND_ASCII.findall(sample)
    return _DOS_LATIN if sum(map(len, runs)) < _LONE * len(runs) else _OTHER_SCRIPTS


def _latin(sample: bytes) -> str:
    """The code page in which the text is in a language of that page."""
    for page in _LATIN:
        languages = languages_of(sample.decode(page, "replace"))
        if page == (_page_of(languages[0], sample) if languages else "cp1252"):
            return page
    return "cp1252"


def _page_of(language: str, sample: bytes) -> str:
    page = _PAGES.get(language, "cp1252")
    if page == "cp1250" and not _WINDOWS_UPPER.search(sample) and not (language == "pol" and b"\xb9" in sample):
        return "iso8859_2"  # which has no letters there, while frequent ones of cp1250 are; the Polish \xb9 is one more
    return page
