"""Markdown falls into the blocks that its author meant."""

from hypothesis import given
from hypothesis import strategies as st

from functions.effects.parsing.markdown import blocks, without_inline

DOCUMENT = """\
---
title: Boats
---

# Harbour

The first line
and the second.

Results
-------

| Ship | Tons |
|------|-----:|
| Eider | 144 |
| Merlin | 185 |

```python
# no heading

def f(): ...
```

### Notes ###
- one
- two
<!-- nobody
sees this -->
"""


def test_every_kind_of_block() -> None:
    assert [(block.kind.value, block.level, block.text) for block in blocks(DOCUMENT)] == [
        ("paragraph", 0, "title: Boats"),
        ("heading", 1, "Harbour"),
        ("paragraph", 0, "The first line\nand the second."),
        ("heading", 2, "Results"),
        ("table", 0, "| Ship | Tons |\n|------|-----:|\n| Eider | 144 |\n| Merlin | 185 |"),
        ("code", 0, "# no heading\n\ndef f(): ..."),
        ("heading", 3, "Notes"),
        ("paragraph", 0, "- one\n- two"),
    ]


def test_what_a_converter_wrote_is_made_plain() -> None:
    marked = '**Bold** and *slanted* [a link](https://x.example/a_(b) "t") ![a picture](p.png) 2 \\* 3 snake_name'
    assert without_inline(marked) == "Bold and slanted a link a picture 2 * 3 snake_name"
    assert without_inline("☒ Coffee ☐ Tea") == "[x] Coffee [ ] Tea"
    scientific = "**Chapter 13 **of ~~two~~ H~2~O at 10^6^ m on the 1^st^"
    assert without_inline(scientific) == "Chapter 13 of two H2O at 10^6 m on the 1st"
    assert without_inline("Name:&#9;Ann") == "Name:\tAnn"
    table = "| \\*\\*Ship\\*\\* | Tons  |\n| -------- | ----- |\n| Eider    | 144   |"
    assert [block.text for block in blocks(table, plain=True)] == ["| Ship | Tons |\n| --- | --- |\n| Eider | 144 |"]
    described = "A ship: ![A ship at sea\n\nDescription by a machine](image) sails."
    assert [b.text for b in blocks(described, plain=True)] == ["A ship: A ship at sea Description by a machine sails."]
    assert [block.text for block in blocks("---\na: b\n---\ntext", plain=True)] == ["text"]


@given(st.text(alphabet="ab |-#`~*_[]()!\n\\<>", max_size=400))
def test_any_text_is_read_and_keeps_its_letters(text: str) -> None:
    letters = sum(text.count(letter) for letter in "ab")
    kept = sum(block.text.count(letter) for block in blocks(text.replace("<", "").replace("!", "")) for letter in "ab")
    assert kept >= letters - text.count("](") * 400
