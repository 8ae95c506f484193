"""The one place that calls kreuzberg."""

import shutil
import subprocess
from functools import cache
from typing import Any

import kreuzberg

from functions.effects.parsing.archive import LOCKED, WRONG_PASSWORD
from functions.effects.parsing.source import Source
from schema.errors import PermanentError

LANGUAGE_SAMPLE = 8_000  # characters
MOST_OCR_LANGUAGES = 4
_NO_LANGUAGES = {"osd", "equ", "snum"}  # orientation, formulas and serial numbers, which Tesseract lists as well


@cache
def _config(structure: bool, ocr: bool, navigation: bool, plain: bool) -> kreuzberg.ExtractionConfig:
    options: dict[str, Any] = {"ocr": _ocr()} if ocr else {"disable_ocr": True}
    return kreuzberg.ExtractionConfig(
        use_cache=False,
        output_format="plain" if plain else "markdown",
        include_document_structure=structure,
        pages=kreuzberg.PageConfig(extract_pages=True),
        images=kreuzberg.ImageExtractionConfig(extract_images=False),
        html_options=_web(navigation),  # type: ignore[arg-type]  # a mapping is what it takes
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
        **options,
    )


def _ocr() -> kreuzberg.OcrConfig:
    return kreuzberg.OcrConfig(
        backend="tesseract",
        language="+".join(ocr_languages()),
        tesseract_config=kreuzberg.TesseractConfig(use_cache=False),  # of its own, in files that a reader may not have
    )


_LANGUAGES = kreuzberg.ExtractionConfig(
    use_cache=False, language_detection=kreuzberg.LanguageDetectionConfig(enabled=True)
)


def extract(
    source: Source,
    mime: str,
    content: bytes | None = None,
    *,
    structure: bool = False,
    navigation: bool = False,
    images: bool = True,
    plain: bool = False,
) -> Any:
    """What kreuzberg makes of a file, or of `content` in its place; its errors translated.

    The result has `content` (Markdown, or text where `plain`), `pages`, `metadata`, and with `structure` the
    `document`'s nodes. A web page's menus are left out but for `navigation`. Text in `images` is recognised where
    Tesseract is installed.
    """
    config = _config(structure, images and ocr_is_installed() and _may_need_ocr(mime), navigation, plain)
    try:
        if content is None and source.file is not None:
            return kreuzberg.extract_file_sync(source.file, mime, config)
        return kreuzberg.extract_bytes_sync(source.data if content is None else content, mime, config)
    except (kreuzberg.KreuzbergError, RuntimeError) as error:
        raise explained(error, mime, source.password is not None) from error


def languages_of(text: str) -> list[str]:
    """ISO 639-3 codes of the languages that a sample of the text is in."""
    sample = text[:LANGUAGE_SAMPLE]
    if len(sample.strip()) < 20:
        return []
    try:
        return kreuzberg.extract_bytes_sync(sample.encode(), "text/plain", _LANGUAGES).detected_languages or []
    except (kreuzberg.KreuzbergError, RuntimeError):
        return []


@cache
def ocr_languages() -> list[str]:
    """The languages in which Tesseract reads here, English first; none where it is not installed.

    Each one costs time and memory with each page, so there are no more than the first few.
    """
    if shutil.which("tesseract") is None:
        return []
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False, timeout=30)
    names = [name for name in listed.stdout.splitlines()[1:] if name not in _NO_LANGUAGES and "/" not in name]
    return sorted(names, key=lambda name: name != "eng")[:MOST_OCR_LANGUAGES]


def ocr_is_installed() -> bool:
    """Whether images can be read."""
    return bool(ocr_languages())


def needs_ocr() -> PermanentError:
    """The refusal of what is only images."""
    return PermanentError(
        "needs_ocr",
        "There is no text in this file, only images, and the program that reads those is not installed here. The "
        "operator can install Tesseract (apt-get install tesseract-ocr, or brew install tesseract); then try again.",
    )


def explained(error: Exception, mime: str, password_given: bool) -> PermanentError:
    """What an error of kreuzberg means for a person."""
    text = str(error).lower()
    if "password" in text or "encrypt" in text:  # it has no other sign of it
        return WRONG_PASSWORD if password_given else LOCKED
    if isinstance(error, kreuzberg.ValidationError):
        return PermanentError("unsupported_type", f"Files of the type {mime} cannot be read yet. Save it as PDF.")
    return PermanentError(
        "unreadable", "The file is damaged, or is not what its name says. Open it, save it anew and upload it again."
    )


def _web(navigation: bool) -> dict[str, Any]:
    # Whole pages stand in a form on some sites.
    return {"preprocessing": {"enabled": True, "remove_navigation": not navigation, "remove_forms": False}}


def _may_need_ocr(mime: str) -> bool:
    return mime == "application/pdf" or mime.startswith("image/")
