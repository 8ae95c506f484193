"""The child process that reads one file: `python -m functions.effects.parse_child FILE MIME`.

A hostile or broken file can at worst end this process. It prints one JSON object: {"parsed": …} or {"error": …}.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import charset_normalizer
import kreuzberg

from functions.effects.parse_limits import limit_resources
from schema.documents import Block, BlockKind, Parsed
from schema.errors import PermanentError

# What many formats look like from inside; the file's name then says more than its first bytes.
VAGUE_TYPES = {"text/plain", "text/xml", "application/xml", "application/json", "application/zip"}
NAMED_LIKE_UNKNOWN = "application/octet-stream"

CONFIG = kreuzberg.ExtractionConfig(
    use_cache=False,
    disable_ocr=True,  # type: ignore[call-arg]  # missing from the type stub alone
    output_format="markdown",
    include_document_structure=True,
    pages=kreuzberg.PageConfig(extract_pages=True),
    language_detection=kreuzberg.LanguageDetectionConfig(enabled=True),
    images=kreuzberg.ImageExtractionConfig(extract_images=False),
)


def main(file: str, declared: str) -> None:
    """Read the file under resource limits and print what it holds."""
    limit_resources()
    try:
        reply = {"parsed": read(Path(file), declared or None).model_dump(mode="json")}
    except PermanentError as error:
        reply = {"error": {"code": error.code, "message": error.message}}
    json.dump(reply, sys.stdout)


def read(file: Path, declared: str | None) -> Parsed:
    """The blocks of a file; `PermanentError` says what is wrong with it."""
    data = file.read_bytes()
    if not data.strip():
        raise PermanentError("empty", "The file is empty. Upload one that has content.")
    mime = detect_type(data, file, declared)
    try:
        result = kreuzberg.extract_bytes_sync(_as_utf8(data, mime), mime, CONFIG)
    except kreuzberg.KreuzbergError as error:
        raise _explained(error, mime) from error
    blocks = list(_all_blocks(result))
    if not any(block.text.strip() for block in blocks):
        raise _textless(mime)
    return Parsed(mime=mime, pages=_page_count(result), blocks=blocks, languages=result.detected_languages or [])


def _as_utf8(data: bytes, mime: str) -> bytes:
    """Text in another encoding, as UTF-8; the reader would replace what it cannot decode."""
    if not mime.startswith("text/"):
        return data
    best = charset_normalizer.from_bytes(data).best()
    return data if best is None else str(best).encode()


def detect_type(data: bytes, file: Path, declared: str | None) -> str:
    """The MIME type by content; where content is vague, by name, then as declared."""
    try:
        seen = kreuzberg.detect_mime_type(data)
    except (RuntimeError, kreuzberg.KreuzbergError):
        seen = None
    if seen and seen not in VAGUE_TYPES:
        return seen
    try:
        named = kreuzberg.detect_mime_type_from_path(file)
    except (RuntimeError, kreuzberg.KreuzbergError):
        named = NAMED_LIKE_UNKNOWN
    if named != NAMED_LIKE_UNKNOWN:
        return named
    if seen:
        return declared if declared and declared.startswith("text/") else seen
    raise PermanentError(
        "unknown_type",
        "The type of this file is not known. PDF, Office documents, e-mail, HTML, Markdown and plain text can be read.",
    )


def _all_blocks(result: kreuzberg.ExtractionResult) -> Iterator[Block]:
    """The blocks of a file and of the files within it (attachments, members of an archive), each under its name."""
    structure: Any = result.document or {"nodes": []}
    yield from list(blocks_of(structure["nodes"])) or _plain(result.content)
    children: Any = result.children or []
    for child in children:
        yield Block(kind=BlockKind.HEADING, text=child["path"], level=1)
        yield from _all_blocks(child["result"])


def blocks_of(nodes: list[dict[str, Any]]) -> Iterator[Block]:
    """The document's structure as blocks in reading order. List items stay together in one block."""
    items: list[str] = []
    page: int | None = None
    for node in nodes:
        content = node["content"]
        kind = content["node_type"]
        if kind != "list_item" and items:
            yield Block(kind=BlockKind.PARAGRAPH, text="\n".join(items), page=page)
            items = []
        page = node.get("page")
        if kind == "list_item":
            items.append(f"- {_clean(content['text'])}")
        elif block := _block(kind, content, page):
            yield block
    if items:
        yield Block(kind=BlockKind.PARAGRAPH, text="\n".join(items), page=page)


def _block(kind: str, content: dict[str, Any], page: int | None) -> Block | None:
    match kind:
        case "heading" if not content["text"].rstrip().endswith("."):  # a sentence in large type is no heading
            return Block(kind=BlockKind.HEADING, text=_clean(content["text"]), level=content["level"], page=page)
        case "slide":
            return Block(kind=BlockKind.HEADING, text=_clean(content.get("title") or ""), level=1, page=page)
        case "table":
            return Block(kind=BlockKind.TABLE, text=_markdown(content["grid"]), page=page)
        case "code":
            return Block(kind=BlockKind.CODE, text=_clean(content["text"]), page=page)
        case "metadata_block":
            entries = "\n".join(f"{key}: {value}" for key, value in content["entries"])
            return Block(kind=BlockKind.PARAGRAPH, text=_clean(entries), page=page)
        case "group":
            return None  # its heading follows as a node of its own
    text = content.get("text") or content.get("description")
    return Block(kind=BlockKind.PARAGRAPH, text=_clean(text), page=page) if text else None


def _markdown(grid: dict[str, Any]) -> str:
    rows: list[list[str]] = [[""] * grid["cols"] for _ in range(grid["rows"])]
    for cell in grid["cells"]:
        rows[cell["row"]][cell["col"]] = " ".join(_clean(cell["content"]).split()).replace("|", "\\|")
    filled = [row for row in rows if any(row)]
    if not filled:
        return ""
    lines = ["| " + " | ".join(row) + " |" for row in filled]
    lines.insert(1, "|" + " --- |" * grid["cols"])
    return "\n".join(lines)


def _page_count(result: kreuzberg.ExtractionResult) -> int | None:
    """Pages, slides or sheets; the metadata knows best where it says."""
    known: Any = result.metadata.get("pages") or {}
    count: int = known.get("total_count") or result.get_page_count()
    return count or None


def _plain(content: str) -> list[Block]:
    return [Block(kind=BlockKind.PARAGRAPH, text=_clean(part)) for part in content.split("\n\n")]


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")  # PostgreSQL stores no NUL


def _explained(error: kreuzberg.KreuzbergError, mime: str) -> PermanentError:
    if "password" in str(error).lower():  # the reader has no other sign of it
        return PermanentError(
            "encrypted", "The file is protected by a password. Remove the protection and upload it again."
        )
    if isinstance(error, kreuzberg.ValidationError):
        return PermanentError("unsupported_type", f"Files of the type {mime} cannot be read yet.")
    return PermanentError(
        "unreadable", f"The file is damaged, or is not really {mime}. Open it, save it anew and upload it again."
    )


def _textless(mime: str) -> PermanentError:
    if mime.startswith("image/") or mime == "application/pdf":
        return PermanentError(
            "needs_ocr", "There is no text in this file, only images, and reading those is not set up."
        )
    return PermanentError("no_text", "No text was found in this file.")


if __name__ == "__main__":
    main(*sys.argv[1:3])
