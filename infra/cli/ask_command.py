"""`rivulet ask`: composes person, conversation and screen."""

import json
import os
from uuid import UUID

from infra.cli.answer_screen import Page
from infra.cli.ask import Answered, Stopped, ask, find_conversation, latest_conversation, start_conversation
from infra.cli.console import err, out, write
from infra.cli.errors import CommandError
from infra.cli.person import Person, entered
from infra.cli.project import find_project

STOPPED = 130
LONGEST_QUESTION = 20_000  # characters, as the database has it


async def run(question: str, conversation: UUID | None, new: bool, as_json: bool) -> int:
    """Ask and show the answer; 0 if it is complete, 1 if it failed, 130 if it was stopped."""
    if not question.strip():
        raise CommandError("The question is empty.")
    if len(question) > LONGEST_QUESTION:
        raise CommandError(f"The question has {len(question)} characters; {LONGEST_QUESTION} are allowed.")
    page = Page(err() if as_json else out(), (lambda _: None) if as_json else write)
    async with entered(find_project(), os.environ) as person:
        place = await _conversation(person, conversation, new, page)
        try:
            answered = await ask(person, place, question, page)
        except Stopped:
            err().print("\nStopped. What was written so far is kept.")
            return STOPPED
    page.end(answered.row)
    if as_json:
        write(_described(place, answered) + "\n")
    return 0 if answered.row.status == "complete" else 1


async def _conversation(person: Person, named: UUID | None, new: bool, page: Page) -> UUID:
    if named is not None:
        return await find_conversation(person, named)
    latest = None if new else await latest_conversation(person)
    return latest or await start_conversation(person, page)


def _described(conversation: UUID, answered: Answered) -> str:
    row = answered.row
    return json.dumps(
        {
            "conversation_id": str(conversation),
            "message_id": str(row.id),
            "status": row.status,
            "content": row.content,
            "error_message": row.error_message,
            "refused": row.refused,
            "finish_reason": row.metadata.get("finish_reason"),
            "supported": row.metadata.get("supported"),
            "doubts": row.metadata.get("doubts", []),
            "model": row.model,
            "citations": [citation.model_dump() for citation in row.citations],
            "first_token_ms": answered.first_token_ms,
            "last_token_ms": answered.last_token_ms,
        }
    )
