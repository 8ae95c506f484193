"""What each kind of file gives: its text in reading order, with headings, tables and pages."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from functions.effects.parsing import extract, numbering, office, source
from schema.documents import Block, BlockKind
from schema.errors import PermanentError
from tests.unit.parsing.compound import Tree, compound
from tests.unit.parsing.reads import blocks, parts, text

FILES = Path(__file__).parents[2] / "files"


def packed(members: dict[str, bytes | str]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return into.getvalue()


def test_subtitles_are_what_is_said() -> None:
    talk = (
        "WEBVTT\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:02.000 align:left\n<v Ann>Hello <i>there</i>\n\n"
        "00:03.000 --> 00:04.000\nGoodbye\n"
    )
    assert text(talk.encode(), "talk.vtt") == "Ann: Hello there\nGoodbye"
    assert text(b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "talk.srt") == "Hello"


def test_notebooks_keep_prose_programs_and_output_apart() -> None:
    notebook = {"cells": [
        {"cell_type": "markdown", "source": ["# Tides\n", "They turn."]},
        {"cell_type": "code", "source": "print(6 * 7)", "outputs": [{"output_type": "stream", "text": ["42\n"]}]},
    ]}  # fmt: skip
    found = blocks(json.dumps(notebook).encode(), "tides.ipynb")
    assert [(block.kind.value, block.text) for block in found] == [
        ("heading", "Tides"), ("paragraph", "They turn."), ("code", "print(6 * 7)"), ("code", "42"),
    ]  # fmt: skip


def test_mail_has_headers_text_and_attachments_under_their_names() -> None:
    found = blocks((FILES / "sample.eml").read_bytes(), "letter.eml")
    assert found[0].text.startswith("From: Maud Ferris")
    name = next(number for number, block in enumerate(found) if block.kind == "heading")
    assert found[name].text.endswith(".csv")
    assert found[name + 1].kind == "table"


def test_archives_are_read_member_by_member_and_broken_ones_are_named() -> None:
    inner = packed({"deep/note.txt": "At the bottom."})
    archive = packed(
        {"a.md": "# Apples\n\nRed.", "b.zip": inner, "broken.docx": b"PK\x03\x04 no", "__MACOSX/x.txt": "litter"}
    )
    found = parts(archive, "all.zip")
    read = [(block.kind.value, block.level, block.text) for part in found for block in part.blocks]
    assert read == [
        ("heading", 1, "a.md"), ("heading", 2, "Apples"), ("paragraph", 0, "Red."),
        ("heading", 1, "b.zip"), ("heading", 3, "deep/note.txt"), ("paragraph", 0, "At the bottom."),
    ]  # fmt: skip
    assert found[-1].mime == "application/zip"
    assert (found[-1].partial or "").startswith("broken.docx is missing:")
    assert "litter" not in str(read)


def test_compressed_tar_archives_too() -> None:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        info = tarfile.TarInfo("../../etc/boats.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"Boats"))
    assert [block.text for block in blocks(into.getvalue(), "a.tgz")] == ["etc/boats.txt", "Boats"]


def test_web_pages_without_their_menus_first() -> None:
    found = [block.text for block in blocks((FILES / "sample.html").read_bytes(), "bread.html")]
    assert found[0] == "Bread of the month"
    assert "never part of the text" not in " ".join(found)
    menus = found.index("Menus")
    assert not any("Home" in line for line in found[:menus])


def test_old_encodings_of_names_in_archives() -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("aaaaaaaa.txt", "text")
    name = "港.txt".encode("cp932")
    assert len(name) < 12
    archive_bytes = into.getvalue().replace(b"aaaaaaaa.txt", (name[:2] * 4) + b".txt")
    assert [block.text for block in blocks(archive_bytes, "a.zip")][-1] == "text"


SLIDE = (
    '<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>'
    '<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr>'
    "<p:txBody><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:txBody></p:sp>"
    "<p:sp><p:txBody><a:p><a:r><a:t>{body}</a:t></a:r></a:p></p:txBody></p:sp>"
    "</p:spTree></p:cSld></p:sld>"
)


def test_slides_have_titles_numbers_and_speaker_notes() -> None:
    notes = '<Relationship Id="r1" Type="x/notesSlide" Target="../notesSlides/notesSlide1.xml"/>'
    relations = f"<Relationships>{notes}</Relationships>"
    deck = packed({
        "[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>",
        "ppt/slides/slide1.xml": SLIDE.format(title="Tides", body="They turn."),
        "ppt/slides/slide2.xml": SLIDE.format(title="Moon", body="It pulls."),
        "ppt/slides/slide10.xml": "<broken",
        "ppt/slides/_rels/slide1.xml.rels": relations,
        "ppt/notesSlides/notesSlide1.xml": SLIDE.format(title="Say this", body="slowly"),
    })  # fmt: skip
    found = parts(deck, "deck.pptx")
    read = [(block.page, block.text) for part in found for block in part.blocks]
    assert read == [
        (1, "Tides"), (1, "They turn."), (1, "Speaker notes: Say this\nslowly"), (2, "Moon"), (2, "It pulls."),
    ]  # fmt: skip
    assert (found[-1].pages, found[-1].partial) == (3, "Slide 3 of 3 could not be read.")


def test_open_documents_have_headings_lists_and_tables() -> None:
    content = (
        '<d xmlns:t="t" xmlns:o="o"><o:body><o:text><t:h t:outline-level="2">Tides</t:h>'
        '<t:p>They<t:s t:c="2"/>turn<t:note><t:note-citation>1</t:note-citation><t:note-body><t:p>Twice a day.</t:p>'
        "</t:note-body></t:note>.</t:p>"
        "<t:list><t:list-item><t:p>one</t:p></t:list-item></t:list>"
        "<t:table><t:table-row><t:table-cell><t:p>a</t:p></t:table-cell>"
        "<t:table-cell><t:p>b</t:p></t:table-cell></t:table-row>"
        "</t:table></o:text></o:body></d>"
    )
    document = packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})
    assert [(block.kind.value, block.text) for block in blocks(document, "a.odt")] == [
        ("heading", "Tides"), ("paragraph", "They  turn[1].\n[1] Twice a day."), ("paragraph", "- one"),
        ("table", "| a | b |\n| --- | --- |"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\t", "a.md", "empty"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, name: str, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        text(content, name)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"word/document.xml": b"0" * 3_000_000, "[Content_Types].xml": "<x/>"}, "a.docx"),
        ({f"{number}.txt": b"0" * 900_000 for number in range(4)}, "a.zip"),
    ],
)
def test_bombs_are_counted_while_they_unpack(
    members: dict[str, bytes | str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (source, office):
        monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 2_500_000)
    with pytest.raises(PermanentError) as refused:
        text(packed(members), name)
    assert refused.value.code == "too_complex"


def test_xml_entities_are_refused() -> None:
    laugh = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d><body><text><p>&b;</p></text></body></d>'
    document = packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": laugh})
    with pytest.raises(PermanentError) as refused:
        text(document, "a.odt")
    assert refused.value.code == "too_complex"


def test_archives_within_archives_end_somewhere() -> None:
    nested = packed({"note.txt": "far down"})
    for _ in range(6):
        nested = packed({"inner.zip": nested})
    with pytest.raises(PermanentError) as refused:
        text(nested, "a.zip")
    assert refused.value.code == "too_complex"


@pytest.mark.parametrize(
    ("content", "name"), [((FILES / "scanned.pdf").read_bytes(), "a.pdf"), (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png")]
)
def test_what_holds_only_images_names_the_package_that_reads_them(
    content: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "ocr_languages", list)  # as where it is not installed
    with pytest.raises(PermanentError, match="apt-get install tesseract-ocr") as refused:
        text(content, name)
    assert refused.value.code == "needs_ocr"


def locked(password: str) -> bytes:
    into = io.BytesIO()
    with (FILES / "sample.docx").open("rb") as file:
        OOXMLFile(file).encrypt(password, into)
    return into.getvalue()


def test_locked_office_files_open_with_their_password() -> None:
    assert text(locked("Übersee"), "a.docx", password="Übersee") == text((FILES / "sample.docx").read_bytes(), "a.docx")
    for password, code in ((None, "encrypted"), ("seal", "wrong_password")):
        with pytest.raises(PermanentError) as refused:
            text(locked("Übersee"), "a.docx", password=password)
        assert refused.value.code == code


def test_files_that_are_only_protected_from_changes_need_no_password() -> None:
    assert text(locked("VelvetSweatshop"), "a.docx") == text((FILES / "sample.docx").read_bytes(), "a.docx")


def test_locked_office_files_in_a_strange_way_say_so() -> None:
    strange = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    for password, code in ((None, "encrypted"), ("seal", "unsupported_encryption")):
        with pytest.raises(PermanentError) as refused:
            text(strange, "a.docx", password=password)
        assert refused.value.code == code


def test_headings_of_word_documents_carry_the_numbers_that_word_shows() -> None:
    paragraph = '<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
    outline = [("H1", "Tides"), ("H2", "Spring"), ("H2", "Neap"), ("H1", "Moon"), ("H2", "Full")]
    body = "".join(paragraph.format(style=style, text=heading) for style, heading in outline)
    style = '<w:style w:styleId="H{n}"><w:name w:val="heading {n}"/><w:pPr><w:numPr><w:ilvl w:val="{level}"/>' + (
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    level = '<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="{shown}"/></w:lvl>'
    levels = level.format(n=0, shown="%1") + level.format(n=1, shown="%1.%2")
    archive = packed({
        "word/document.xml": f'<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<s xmlns:w="w">{style.format(n=1, level=0)}{style.format(n=2, level=1)}</s>',
        "word/numbering.xml": f'<n xmlns:w="w"><w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></n>',
    })  # fmt: skip
    found = [Block(kind=BlockKind.HEADING, text=heading, level=1) for _, heading in outline]
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        shown = [block.text for block in numbering.numbered(found, opened)]
    assert shown == ["1 Tides", "1.1 Spring", "1.2 Neap", "2 Moon", "2.1 Full"]


def word(*paragraphs: str, pages: int | None = None) -> bytes:
    """A Word document of runs, by default from a program that does not say how many pages it has."""
    body = "".join(f"<w:p>{runs}</w:p>" for runs in paragraphs)
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    said = {} if pages is None else {"docProps/app.xml": f"<Properties><Pages>{pages}</Pages></Properties>"}
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return packed({
        "[Content_Types].xml": f'<Types><Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "word/document.xml": f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>',
        **said,
    })  # fmt: skip


def test_tabs_and_hyphens_of_word_documents_keep_words_apart() -> None:
    stops = '<w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr>'
    document = word(f"{stops}<w:r><w:t>Part:</w:t><w:tab/><w:t>KX</w:t><w:noBreakHyphen/><w:t>100</w:t></w:r>")
    assert text(document, "a.docx") == "Part:\tKX-100"


def test_pages_of_word_documents_are_those_that_word_displayed() -> None:
    """Word marks where it broke a page, also where the author did: kreuzberg counts such a break twice."""
    broken = '<w:r><w:br w:type="page"/></w:r>', "<w:r><w:lastRenderedPageBreak/><w:t>Neap</w:t></w:r>"
    paragraphs = "<w:r><w:t>Spring</w:t></w:r>", *broken
    assert [(block.text, block.page) for block in blocks(word(*paragraphs, pages=2), "a.docx")] == [
        ("Spring", 1), ("Neap", 2),
    ]  # fmt: skip
    for unknown in (None, 7):
        document = word(*paragraphs, pages=unknown)
        assert [(block.text, block.page) for block in blocks(document, "a.docx")] == [("Spring", None), ("Neap", None)]


def outlook_message(subject: str, body: str, **attached: Tree) -> bytes:
    properties: Tree = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_0037001F": subject.encode("utf-16-le"),
        "__substg1.0_1000001F": body.encode("utf-16-le"),
    }
    return compound({**properties, **attached})


def test_outlook_messages_keep_their_lines_and_what_is_attached() -> None:
    file: Tree = {
        "__properties_version1.0": bytes(8),
        "__substg1.0_3707001F": "prices.csv".encode("utf-16-le"),
        "__substg1.0_37010102": b"berth,price\n7,12\n",
    }
    inner = {
        "__substg1.0_0037001F": "Tides".encode("utf-16-le"),
        "__substg1.0_1000001F": "They turn".encode("utf-16-le"),
    }
    message: Tree = {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": inner}
    names: dict[str, Tree] = {"__attach_version1.0_#00000000": file, "__attach_version1.0_#00000001": message}
    found = blocks(outlook_message("Berths", "Hello Ann,\r\n\r\nsee below.\r\nBen", **names), "a.msg")
    assert [block.text for block in found] == [
        "Subject: Berths",
        "Hello Ann,",
        "see below.\nBen",
        "prices.csv",
        "| berth | price |\n| --- | --- |\n| 7 | 12 |",
        "Tides",
        "They turn",
    ]


def test_values_of_data_files_stand_together_under_what_they_are_of() -> None:
    plants = (
        b"<list><plant><name>Bloodroot</name><zone>4</zone><care><light>Shady</light></care><price>2</price></plant>"
    )
    found = blocks(plants + b"<plant><name>Columbine</name><zone>3</zone></plant></list>", "plants.xml")
    assert [(block.level, block.text) for block in found] == [
        (1, "list"),
        (2, "plant"),
        (0, "name: Bloodroot\nzone: 4"),
        (3, "care"),
        (0, "light: Shady"),
        (3, "price"),
        (0, "2"),
        (2, "plant"),
        (0, "name: Columbine\nzone: 3"),
    ]
