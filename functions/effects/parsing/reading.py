"""Reads one file: finds out what it is and hands it to the reader of its kind."""

from collections.abc import Iterator, Mapping

from functions.effects.parsing import office, outlook, text
from functions.effects.parsing.archive import stream_reader, tar_reader, zip_reader
from functions.effects.parsing.extract import languages_of
from functions.effects.parsing.kinds import ENCRYPTED_OFFICE, kind_of
from functions.effects.parsing.locked import locked_reader
from functions.effects.parsing.mail import mail_reader, mailbox_reader
from functions.effects.parsing.markdown import read_markdown
from functions.effects.parsing.notebook import read_notebook
from functions.effects.parsing.odf import read_open_document
from functions.effects.parsing.pdf import pdf_reader
from functions.effects.parsing.pdfium import Library
from functions.effects.parsing.pptx import read_presentation
from functions.effects.parsing.source import Plan, Reader, Source, Stretch
from functions.effects.parsing.subtitles import read_subtitles
from schema.documents import Part
from schema.errors import PermanentError

PRESENTATION = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_OPEN_DOCUMENTS = (
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.text-template",
)
_CONVERTED = (
    "application/msword", "application/rtf", "application/epub+zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
)  # fmt: skip


class Reading:
    """All readers."""

    def __init__(self, library: Library | None) -> None:
        self._readers: Mapping[str, Reader] = {
            "application/pdf": pdf_reader(library),
            "text/html": office.read_html,
            "text/markdown": read_markdown,
            "text/vtt": read_subtitles,
            "application/x-subrip": read_subtitles,
            "application/x-ipynb+json": read_notebook,
            "message/rfc822": mail_reader(self._read),
            outlook.MIME: outlook.outlook_reader(self._read),
            "application/mbox": mailbox_reader(self._read),
            "application/zip": zip_reader(self._read),
            "application/x-tar": tar_reader(self._read),
            "application/gzip": stream_reader(self._read),
            "application/x-bzip2": stream_reader(self._read),
            "application/x-xz": stream_reader(self._read),
            **dict.fromkeys(_OPEN_DOCUMENTS, read_open_document),
            PRESENTATION: read_presentation,
            office.WORD: office.read_word,
            ENCRYPTED_OFFICE: locked_reader(self._read),
            **{mime: office.read_converted(mime) for mime in _CONVERTED},
            **{mime: office.read_data(mime) for mime in ("application/json", "application/yaml", "application/xml")},
        }

    def parts(self, source: Source) -> Iterator[Part | Plan]:
        """The file part by part, and how it is going to be read where it has pages."""
        if not source.head.strip():
            raise PermanentError("empty", "The file is empty. Upload one that has content.")
        mime = kind_of(source)
        found = False
        for stretch in self._reader(mime)(source):
            if isinstance(stretch, Plan):
                yield stretch
                continue
            sample = "\n".join(block.text for block in stretch.blocks[:200])
            found = found or bool(sample.strip())
            yield Part(blocks=stretch.blocks, pages_read=stretch.pages_read, languages=languages_of(sample))
        if not found and source.first_page == 1:
            raise PermanentError("no_text", " ".join(["No text was found in this file.", *source.facts.missing[:3]]))
        yield Part(pages_read=source.facts.pages or 0, pages=source.facts.pages, mime=mime, partial=_partial(source))

    def _read(self, source: Source) -> Iterator[Stretch | Plan]:
        """A member of another file."""
        if not source.head.strip():
            return iter(())
        return self._reader(kind_of(source))(source)

    def _reader(self, mime: str) -> Reader:
        if mime in self._readers:
            return self._readers[mime]
        if mime.startswith("image/") and mime != "image/svg+xml":
            return office.read_image(mime)
        if mime in _PLAIN or (mime.startswith("text/") and mime not in _TABLES):
            return text.read_plain
        return office.read_structured(mime)


_PLAIN = {"text/plain", "text/x-rst", "text/asciidoc", "text/x-tex"}
_TABLES = {"text/csv", "text/tab-separated-values"}


def _partial(source: Source) -> str | None:
    missing = source.facts.missing
    if not missing:
        return None
    more = f" And {len(missing) - 5} more." if len(missing) > 5 else ""
    return " ".join(missing[:5]) + more
