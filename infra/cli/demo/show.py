"""What the demo does once the stack runs."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from rich.text import Text
from supabase_auth import Session
from supabase_auth.errors import AuthApiError

from infra.cli import upload_screen
from infra.cli.answer_screen import Page
from infra.cli.ask import Answered, Stopped, ask, start_conversation
from infra.cli.board import Board
from infra.cli.console import out, write
from infra.cli.demo import corpus, judge
from infra.cli.demo.corpus import Expectation
from infra.cli.demo.report import Asked, Report
from infra.cli.demo.sight import Place, look
from infra.cli.patience import patiently
from infra.cli.person import Credentials, Person, connected, person_of, sign_in, sign_up
from infra.cli.project import Project
from infra.cli.upload import upload

# Long enough for a part to be killed and replaced meanwhile, in seconds.
DOCUMENTS_SECONDS = 300.0
ANSWER_SECONDS = 240.0


async def run(project: Project, report: Report) -> None:
    """Play everything, filling the report on the way."""
    async with newcomer(project, "anna") as anna, newcomer(project, "ben") as ben:
        _say(f"\nTwo people have signed up: {anna.email} and {ben.email}.")
        await _upload(anna, report)
        _say("\nThe first one asks, in one conversation:")
        conversation = await start_conversation(anna, _page())
        for expected in corpus.questions():
            report.asked.append(await _ask(anna, conversation, expected))
        _say("\nThe second one looks for all of this, and asks the same:")
        report.isolation = await _check_isolation(anna, ben, conversation, report)
        _say("  Nothing can be seen." if not report.isolation else "\n".join(report.isolation))


@asynccontextmanager
async def newcomer(project: Project, name: str) -> AsyncIterator[Person]:
    """Somebody who has just signed up, under an address that nobody has had before."""
    credentials = Credentials(f"{name}-{secrets.token_hex(5)}@rivulet.example", secrets.token_urlsafe(24))
    async with connected(project) as client:

        async def enter() -> Session:
            try:
                return await sign_up(client, credentials)
            except AuthApiError as error:
                if error.code != "user_already_exists":
                    raise
                return await sign_in(client, credentials)  # the reply to an earlier attempt was lost

        session = await patiently(enter, _delayed)
        yield await patiently(lambda: person_of(client, project, session), _delayed)


async def _upload(person: Person, report: Report) -> None:
    uploads = corpus.documents()
    _say(f"The first one uploads {len(uploads)} documents:")
    report.board = Board.of(str(person.library), uploads)
    with suppress(TimeoutError):  # the report tells which are not ready
        async with asyncio.timeout(DOCUMENTS_SECONDS):
            await upload(person, report.board, upload_screen.screen_for(out()))


async def _ask(person: Person, conversation: UUID, expected: Expectation) -> Asked:
    _say(f"\n› {expected.question}", "bold")
    answered = await _answer(person, conversation, expected.question)
    if answered is None:
        return Asked(expected, None, [f"no answer within {ANSWER_SECONDS:.0f} seconds"])
    return Asked(expected, answered, judge.faults_of(expected, answered.row))


async def _answer(person: Person, conversation: UUID, question: str) -> Answered | None:
    """The answer, shown as it comes; none if it took too long."""
    page = _page()
    try:
        async with asyncio.timeout(ANSWER_SECONDS) as limit:
            answered = await ask(person, conversation, question, page)
    except Stopped:
        if not limit.expired():
            raise KeyboardInterrupt from None  # it was Ctrl-C
        return None
    page.end(answered.row)
    return answered


async def _check_isolation(owner: Person, other: Person, conversation: UUID, report: Report) -> list[str]:
    """What is wrong with the other person's view; the owner's own view shows that looking finds what is there."""
    place = Place(owner.library, next(iter(report.board.tracks)), conversation)
    own, foreign = await look(owner, place, _delayed), await look(other, place, _delayed)
    found = [] if own.everything else [f"the owner sees no more than: {', '.join(own.seen) or 'nothing'}"]
    found += [f"the second person sees {what} of the first" for what in foreign.seen]
    question = report.asked[0].expected.question
    _say(f"\n› {question}", "bold")
    answered = await _answer(other, await start_conversation(other, _page()), question)
    faults = ["no answer"] if answered is None else judge.refusal_faults(answered.row)
    return found + [f"the second person's question: {fault}" for fault in faults]


def _page() -> Page:
    return Page(out(), write)


def _say(text: str, style: str = "") -> None:
    out().print(Text(text, style=style))


def _delayed(text: str) -> None:
    _say(text, "yellow")
