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
