"""Makes a question that leans on the conversation searchable by itself: by rule, or in a model's words.

The rule works with any model, and is what is searched for until a model that follows instructions has done better.
"""

import re
from collections.abc import Sequence

from schema.answers import REFUSAL, Turn

# Words that point at something said before, in the languages that the embedder knows best.
_POINTERS = re.compile(
    r"\b(it|its|they|them|their|this|that|these|those|he|she|him|her|his|there|then|one|ones|same|former|latter|"
    r"er|sie|es|ihr|ihre|dies\w*|davon|damit|daran|dafür|dort|dann|dazu|dessen|deren|"
    r"celui|celle|ceux|cela|eso|ello|aquello|quello|quella)\b",
    re.IGNORECASE,
)
_OPENERS = re.compile(
    r"^\s*(and|but|so|also|or|what about|how about|und|aber|oder|was ist mit|wie sieht es|et|mais|pero)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 3
# Names that an answer brought up, and that a follow-up may mean: two capitals in a row, or one inside a sentence.
_CAPITAL = r"[A-ZÄÖÜ][\w’'-]+"
_NAME = re.compile(rf"{_CAPITAL}(?: {_CAPITAL})+|(?<=[^.!?\s] ){_CAPITAL}")
_MARKER = re.compile(r"\s*\[\d{1,3}\]")
MOST_NAMES = 8
LONGEST_QUERY = 1_000
LONGEST_TURN = 600  # of what a model reads to rewrite a question
TURNS_READ = 6

REWRITE = """\
Rewrite the person's last question so that it can be understood without the conversation: put in what it refers to.
Keep its language and its meaning. Do not answer it. Reply with the question alone, on one line."""


def leans(question: str, history: Sequence[Turn]) -> bool:
    """Whether the question cannot be searched for without the turns before it."""
    if not any(turn.role == "user" for turn in history):
        return False
    return _leans(question)


def search_query(question: str, history: Sequence[Turn]) -> str:
    """The text to search for: the question, with what it leans on of the conversation."""
    if not leans(question, history):
        return question
    return "\n".join([*_background(history), question])[-LONGEST_QUERY:]


def rewriting(question: str, history: Sequence[Turn]) -> list[Turn]:
    """The turns that ask a model for a self-contained question."""
    talk = [f"{turn.role}: {_MARKER.sub('', turn.content)[:LONGEST_TURN]}" for turn in history[-TURNS_READ:]]
    request = "\n".join(["<conversation>", *talk, "</conversation>", "", f"Last question: {question}"])
    return [Turn(role="system", content=REWRITE), Turn(role="user", content=request)]


def accept(reply: str, question: str, history: Sequence[Turn]) -> str | None:
    """A model's rewriting, if it is one: a single line, no longer than a question, about what was talked of."""
    text = reply.strip().strip("\"'«»„“”").strip()
    if not text or "\n" in text or len(text) > LONGEST_QUERY or REFUSAL in text or _MARKER.search(text):
        return None
    said = _words(" ".join([question, *(turn.content for turn in history)]))
    new = _words(text)
    return text if len(new & said) * 2 >= len(new) else None


def _leans(question: str) -> bool:
    return bool(_OPENERS.search(question) or _POINTERS.search(question)) or len(question.split()) <= _FEW_WORDS


def _background(history: Sequence[Turn]) -> list[str]:
    """The latest question that stands by itself, the one before this, and names from the latest answer."""
    asked: list[str] = []
    for turn in reversed(history):
        if turn.role == "user":
            asked.insert(0, turn.content)
            if not _leans(turn.content):
                break
    names = _fresh_names(history, _words(" ".join(asked)))
    return [*dict.fromkeys([asked[0], asked[-1]]), *([" ".join(names)] if names else [])]


def _fresh_names(history: Sequence[Turn], known: set[str]) -> list[str]:
    answers = [turn.content for turn in history if turn.role == "assistant" and REFUSAL not in turn.content]
    names = dict.fromkeys(_NAME.findall(_MARKER.sub("", answers[-1]))) if answers else {}
    return [name for name in names if not _words(name) <= known][:MOST_NAMES]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
