"""Text arrives as it was written, in whatever encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.effects.parsing.text import MAX_BLOCK_CHARACTERS, clean, decoded, pieces

GERMAN = "Die Gärten sind täglich geöffnet; für Gäste gilt die Hausordnung. Über Mängel entscheidet der Prüfer."
JAPANESE = "灯台は港の入り口に立っています。毎晩光ります。船長はそれを見て進路を決めます。港は北にあります。"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_german_in_any_encoding(encoding: str) -> None:
    assert decoded(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis", "euc_jp"])
def test_japanese_in_any_encoding(encoding: str) -> None:
    assert decoded((JAPANESE * 5).encode(encoding)) == JAPANESE * 5


@pytest.mark.parametrize(
    ("encoding", "name", "text"),
    [
        ("cp1252", "ISO-8859-1", "“Ä” naïve"),
        ("koi8-r", "koi8-r", "да"),
        ("gb18030", "gb2312", "是"),
        ("utf-8", "nonsense", "Ä"),
    ],
)
def test_pages_say_their_encoding(encoding: str, name: str, text: str) -> None:
    page = f'<meta charset="{name}"><p>{text}</p>'
    assert decoded(page.encode(encoding), says_itself=True) == page


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "L'été dernier, nous étions à la plage, près de la forêt ; où étiez-vous ?"),
        ("cp1252", "La señora comió una manzana y bebió café."),
        ("cp1252", "Det er født mange børn på øen i år."),
        ("cp1252", "São Paulo"),
        ("cp1252", "Größe"),
        ("cp1250", "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw."),
        ("iso8859_2", "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv."),
        ("cp1254", "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar."),
        ("cp850", "Die Gärten sind für Gäste täglich geöffnet."),
        ("cp1251", "Все люди рождаются свободными и равными в своем достоинстве."),
        ("cp500", "This is a letter from an old computer. It is in capitals and in small letters."),
    ],
)
def test_encodings_that_nothing_names(encoding: str, text: str) -> None:
    assert decoded(text.encode(encoding)) == text


def test_letters_that_come_late_are_looked_at() -> None:
    assert decoded(b"plain " * 50_000 + "für Gäste".encode("cp1252")).endswith("für Gäste")


@pytest.mark.parametrize("stray", [b"\xfc", "ü".encode()[:1]])
def test_a_stray_byte_does_not_change_the_encoding(stray: bytes) -> None:
    assert decoded(GERMAN.encode() + stray) == GERMAN + "\N{REPLACEMENT CHARACTER}"


def test_pages_that_name_another_encoding_than_theirs_are_not_believed() -> None:
    page = f'<meta charset="utf-8"><p>{GERMAN}</p>'
    assert decoded(page.encode("cp1252"), says_itself=True) == page


@given(st.binary(max_size=500))
def test_any_bytes_become_text_that_can_be_stored(data: bytes) -> None:
    text = decoded(data)
    assert "\0" not in text
    text.encode()


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_long_text_is_cut_behind_white_space_and_nothing_is_lost() -> None:
    text = "word " * (MAX_BLOCK_CHARACTERS // 2)
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(len(piece) <= MAX_BLOCK_CHARACTERS for piece in cut)
    assert all(piece.endswith(" ") for piece in cut)
