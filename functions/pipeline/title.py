"""Names a conversation after its first question."""

from schema.answers import Turn

LONGEST_TITLE = 60
LONGEST_READ = 2_000

NAME = """\
Give the conversation that begins with this question a title: two to six words in the question's language.
Do not answer it. Reply with the title alone, without quotation marks or a full stop."""


def naming(question: str) -> list[Turn]:
    """The turns that ask a model for a title."""
    return [Turn(role="system", content=NAME), Turn(role="user", content=question[:LONGEST_READ])]


def accept_title(reply: str) -> str | None:
    """A model's title, if it is one."""
    text = reply.strip().strip("\"'«»„“”*#. ").strip()
    return text if text and "\n" not in text and len(text) <= LONGEST_TITLE else None


def title_of(question: str) -> str:
    """A title by rule: the beginning of the question, cut between two words."""
    text = " ".join(question.split())
    if len(text) <= LONGEST_TITLE:
        return text
    return text[: LONGEST_TITLE - 1].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"
