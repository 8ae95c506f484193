"""Rows over the Data API with a person's own token: `PersonalRows`. Row level security decides."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from functions.effects.retrying import patiently
from schema.errors import InvalidTokenError, NotAllowedError, PermanentError, TransientError
from schema.jobs import Json
from schema.serving import AnswerRow, Person

TIMEOUT_SECONDS = 10.0
DUPLICATE = "23505"


class SupabaseRows:
    """Implements `PersonalRows`. `key` is the publishable one: with it a lost token opens nothing."""

    def __init__(self, supabase_url: str, key: str, http: httpx.AsyncClient) -> None:
        self._url = f"{supabase_url}/rest/v1"
        self._key = key
        self._http = http

    async def start_conversation(self, person: Person, library: UUID | None) -> UUID:
        """Start a conversation."""
        conversation = uuid4()
        row = {"id": str(conversation)} | ({"library_id": str(library)} if library else {})
        await self._insert(person, "conversations", row, "You may not search this library.")
        return conversation

    async def ask(self, person: Person, conversation: UUID, question: str) -> AnswerRow:
        """Put a question; its answer is inserted with it."""
        asked = str(uuid4())
        row = {"id": asked, "conversation_id": str(conversation), "content": question}
        await self._insert(person, "messages", row, "You have no such conversation.")
        answer = await self._first(person, {"reply_to": f"eq.{asked}"})
        if answer is None:
            raise TransientError("answer_missing", "The question was put, but its answer cannot be seen.")
        return answer

    async def answer(self, person: Person, answer: UUID) -> AnswerRow | None:
        """An answer with its citations."""
        return await self._first(person, {"id": f"eq.{answer}"})

    async def _first(self, person: Person, wanted: dict[str, str]) -> AnswerRow | None:
        parameters = {"select": "*,citations(*)", "citations.order": "marker", **wanted}
        reply = await patiently(lambda: self._send(person, "GET", "messages", "You may not see this.", parameters))
        rows = reply.json()
        return AnswerRow.model_validate(rows[0]) if rows else None

    async def _insert(self, person: Person, table: str, row: Json, refusal: str) -> None:
        """Insert a row whose id is ours, so that a repetition after a lost reply is recognised."""
        await patiently(lambda: self._send(person, "POST", table, refusal, row=row))

    async def _send(
        self,
        person: Person,
        method: str,
        table: str,
        refusal: str,
        parameters: dict[str, str] | None = None,
        row: Json | None = None,
    ) -> httpx.Response:
        headers = {"apikey": self._key, "Authorization": f"Bearer {person.token}", "Prefer": "return=minimal"}
        try:
            reply = await self._http.request(
                method, f"{self._url}/{table}", params=parameters, json=row, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except httpx.TransportError as error:
            raise TransientError("supabase_unreachable", "The database service cannot be reached.") from error
        if reply.is_error:
            _refuse(reply.status_code, _problem(reply), refusal)
        return reply


def _problem(reply: httpx.Response) -> Json:
    try:
        content: Any = reply.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _refuse(status: int, problem: Json, refusal: str) -> None:
    """Raise what an error reply of the Data API means; nothing for a row that was inserted before."""
    code, message = str(problem.get("code", "")), str(problem.get("message", ""))
    match status:
        case 401:
            raise InvalidTokenError(f"The database refused the token: {message}")
        case 403:
            raise NotAllowedError(refusal)
        case 409 if code == DUPLICATE:
            return
        case _ if status < 500 and status != 429:
            raise PermanentError("rejected", f"The database refused this: {message}")
    raise TransientError("supabase_failed", f"The database answered {status}.")
