"""Subtitles (WebVTT, SubRip): what is said, without when."""

import re
from collections.abc import Iterator

from functions.effects.parsing.source import Plan, Source, Stretch
from functions.effects.parsing.text import decoded, stretches
from schema.documents import Block, BlockKind

_TIMES = re.compile(r"\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?[a-z][^>]*>|<\d[\d:.]*>|\{\\[^}]*\}", re.IGNORECASE)
CUES_IN_PARAGRAPH = 12


def read_subtitles(source: Source) -> Iterator[Stretch | Plan]:
    """Cues, some in a paragraph, so that a passage holds what is said together."""
    cues = list(_cues(decoded(source.data)))
    runs = [cues[start : start + CUES_IN_PARAGRAPH] for start in range(0, len(cues), CUES_IN_PARAGRAPH)]
    return stretches([Block(kind=BlockKind.PARAGRAPH, text="\n".join(run)) for run in runs])


def _cues(text: str) -> Iterator[str]:
    for entry in re.split(r"\n[ \t]*\n+", text):
        lines = entry.strip("\n").split("\n")
        times = next((number for number, line in enumerate(lines) if _TIMES.match(line)), None)
        if times is None:
            continue  # a header, a style or a note
        said = _TAG.sub("", _VOICE.sub(r"\1: ", " ".join(lines[times + 1 :]))).strip()
        if said:
            yield said
