"""Real files through the contained reader, as a listener reads them."""

import asyncio
import shutil
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic import SecretStr

from functions.effects.parsing.contained import ContainedParser
from schema.documents import Part
from schema.errors import PermanentError

FILES = Path(__file__).parents[1] / "files"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of somebody for whom no file was ever read here."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


def read(file: Path, password: str | None = None) -> list[Part]:
    async def run() -> list[Part]:
        parser = ContainedParser()
        try:
            secret = SecretStr(password) if password else None
            async with aclosing(parser.parse(file, file.name, None, secret)) as parts:
                return [part async for part in parts]
        finally:
            await parser.close()

    return asyncio.run(run())


def refusal(file: Path, password: str | None = None) -> str:
    with pytest.raises(PermanentError) as refused:
        read(file, password)
    return refused.value.code


def test_a_locked_pdf_asks_for_its_password_and_opens_with_it() -> None:
    locked = FILES / "encrypted.pdf"
    assert refusal(locked) == "encrypted"
    assert refusal(locked, "not this one") == "wrong_password"
    found = read(locked, "harbour-1874")
    assert found[-1].pages == 2
    assert "1 Preparing the cloth" in [block.text for part in found for block in part.blocks]


def test_a_locked_archive_asks_for_its_password_and_opens_with_it(tmp_path: Path) -> None:
    if shutil.which("zip") is None:
        pytest.skip("makes its archive with zip, which is not installed")
    (tmp_path / "note.txt").write_text("The key hangs behind the door.")
    subprocess.run(["zip", "-q", "-P", "seal", "locked.zip", "note.txt"], cwd=tmp_path, check=True)
    locked = tmp_path / "locked.zip"
    assert refusal(locked) == "encrypted"
    assert refusal(locked, "gull") == "wrong_password"
    assert "behind the door" in str(read(locked, "seal"))


def test_long_pdfs_come_in_parts_with_their_pages(tmp_path: Path) -> None:
    file = tmp_path / "long.pdf"
    file.write_bytes(pdf([f"This is the text of page number {number}." for number in range(1, 101)]))
    found = read(file)
    assert [part.pages_read for part in found] == [40, 80, 100, 100]
    assert found[-1].pages == 100
    places = {block.page for part in found for block in part.blocks if f"number {block.page}." in block.text}
    assert places == set(range(1, 101))


def test_a_damaged_pdf_ends_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "corrupt.pdf"
    shutil.copyfile(FILES / "corrupt.pdf", file)
    assert refusal(file) == "unreadable"


def test_what_was_filled_into_a_form_is_read(tmp_path: Path) -> None:
    file = tmp_path / "form.pdf"
    file.write_bytes(form("Owner:", "Anton Falk"))
    assert [(block.text, block.page) for part in read(file) for block in part.blocks] == [("Owner:\nAnton Falk", 1)]


def form(label: str, filled_in: str) -> bytes:
    """A PDF form with one field."""
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(%b)/Rect[100 700 300 720]/F 4/AP<</N 6 0 R>>>>"
    font = b"/Resources<</Font<</F1 3 0 R>>>>"
    shown = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]" + font
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 7 0 R/Annots[5 0 R]" + font + b">>",
        field % filled_in.encode(),
        stream(b"BT /F1 12 Tf 2 5 Td (%b) Tj ET" % filled_in.encode(), shown),
        stream(b"BT /F1 12 Tf 50 705 Td (%b) Tj ET" % label.encode()),
    )


def pdf(texts: list[str]) -> bytes:
    """A PDF file with one line on each page."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(texts)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, len(texts)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in enumerate(texts):
        drawn = b"BT /F1 12 Tf 50 700 Td (%b) Tj ET" % text.encode()
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
        objects += [page % (5 + 2 * number), stream(drawn)]
    return pdf_of(*objects)


def stream(content: bytes, facts: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (facts, len(content), content)


def pdf_of(*objects: bytes) -> bytes:
    body = b"".join(b"%d 0 obj\n%b\nendobj\n" % (number, each) for number, each in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size %d>>\n%%%%EOF" % (len(objects) + 1)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="reads images with tesseract, which is not installed")
def test_scanned_pages_are_read_where_tesseract_is() -> None:
    found = read(FILES / "scanned.pdf")

    blocks = [block for part in found for block in part.blocks]
    assert found[-1].pages == 1
    assert {block.page for block in blocks} == {1}
    assert "Port Kestrel, 12 June 1931" in "\n".join(block.text for block in blocks)
