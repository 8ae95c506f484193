"""An answer streamed into a long conversation, in a real browser: `python -m tests.benchmarks.web_stream [--json]`.

Fifty pieces a second come into a conversation of sixty messages, and the browser's frames are timed. Then somebody's
connection is away for ten seconds in the midst of an answer; all words that the page shows in the end must be those of
the row. It needs a built web application (`make up`) and Chromium.
"""

import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect, sync_playwright

from infra.local import ports, web, web_build, web_node
from tests import databases, serving
from tests.benchmarks import durable, figures
from tests.benchmarks.figures import Figure, say
from tests.integration.engine import Engine
from tests.web import chromium

EARLIER = 30  # questions, each with its answer
PIECES_PER_SECOND = 50
AWAY_SECONDS = 10.0
SAVE_SECONDS = 1.0  # as responders save their drafts
PASSWORD = "a long enough password"
END_MS = 60_000

# Times between frames while the answer grows, and tasks that kept the page from reacting.
WATCH_FRAMES = """() => {
  const seen = { frames: [], long: 0 };
  window.seen = seen;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (seen.long += entry.duration)))
    .observe({ entryTypes: ["longtask"] });
  let before = performance.now();
  requestAnimationFrame(function tick(now) {
    seen.frames.push(now - before);
    before = now;
    if (!seen.isOver) requestAnimationFrame(tick);
  });
}"""
FRAMES_SEEN = "() => ((window.seen.isOver = true), window.seen)"
ANSWER_SHOWN = "() => [...document.querySelectorAll('article')].at(-1)?.innerText ?? ''"


class Talk:
    """A person's conversation, and the responder that writes its last answer."""

    def __init__(self, database: databases.Database, url: str) -> None:
        self._engine = Engine(database.owner_dsn)
        self._url = url
        self._key = database.secret_key
        self.email = f"reader-{time.monotonic_ns()}@example.com"
        headers = {"apikey": database.publishable_key}
        content = {"email": self.email, "password": PASSWORD}
        session = httpx.post(f"{url}/auth/v1/signup", json=content, headers=headers).raise_for_status().json()
        self._person = UUID(session["user"]["id"])
        self.conversation = self._engine.conversation(self._person)

    def close(self) -> None:
        self._engine.close()

    def write_notes(self, count: int) -> None:
        """Documents of the person's own library."""
        for number in range(count):
            self._engine.document(self._person, f"Notes of day {number}")

    def say(self, answers: int) -> None:
        """Questions that were answered before."""
        for number in range(answers):
            answer = self._engine.ask(self.conversation, f"Question {number}?")
            self._end(answer, prose(number * 1000, 120))

    def begin(self, fence: int) -> UUID:
        """An answer that somebody has begun to write."""
        answer = self._engine.ask(self.conversation, "Tell me all of it.")
        self._engine.all(
            "update public.messages set status = 'streaming', fence = %s, updated_at = clock_timestamp() where id = %s",
            fence,
            answer,
        )
        return answer

    def write(self, answer: UUID, fence: int, text: str) -> None:
        """Send it in pieces at a steady pace, with the draft saved now and then, and end it."""
        size = 12
        saved_at = started = time.monotonic()
        with httpx.Client(headers={"apikey": self._key}) as http:
            for number, offset in enumerate(range(0, len(text), size)):
                time.sleep(max(0.0, started + number / PIECES_PER_SECOND - time.monotonic()))
                self._broadcast(http, answer, fence, offset, text[offset : offset + size])
                if time.monotonic() - saved_at > SAVE_SECONDS:
                    saved_at = time.monotonic()
                    self._save(answer, text[: offset + size])
        self._end(answer, text)

    def _broadcast(self, http: httpx.Client, answer: UUID, fence: int, offset: int, piece: str) -> None:
        payload = {"message_id": str(answer), "fence": fence, "offset": offset, "text": piece}
        message = {"topic": f"conversation:{self.conversation}", "event": "delta", "payload": payload, "private": True}
        http.post(f"{self._url}/realtime/v1/api/broadcast", json={"messages": [message]}).raise_for_status()

    def _save(self, answer: UUID, text: str) -> None:
        self._engine.all(
            "update public.messages set content = %s, updated_at = clock_timestamp() where id = %s", text, answer
        )

    def _end(self, answer: UUID, text: str) -> None:
        self._engine.all(
            "update public.messages set status = 'complete', content = %s, updated_at = clock_timestamp(), metadata = "
            """'{"finish_reason": "stop", "refused": false, "supported": true, "doubts": []}' where id = %s""",
            text,
            answer,
        )


def prose(first: int, words: int) -> str:
    """Markdown with paragraphs, lists and emphasis, whose words are all different."""
    lines: list[str] = []
    for start in range(first, first + words, 30):
        numbered = [f"w{number}" for number in range(start, start + 30)]
        lines += [f"## h{start}", f"{' '.join(numbered[:12])} **{numbered[12]}** {' '.join(numbered[13:18])}."]
        lines += ["\n".join(f"- {' '.join(numbered[at : at + 4])}" for at in (18, 22, 26))]
    return "\n\n".join(lines)


def words_of(text: str) -> list[str]:
    """The words that are numbered."""
    return re.findall(r"[wh]\d+", text)


def measure(words: int) -> Mapping[str, Figure]:
    """Frames while an answer grows, then an answer that somebody missed a part of."""
    with stage() as (database, url, site), _browser() as browser:
        talk = Talk(database, url)
        try:
            talk.say(EARLIER)
            return frames(browser, site, talk, words) | away(browser, site, talk, words)
        finally:
            talk.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        yield launched
        launched.close()


def frames(browser: Browser, site: str, talk: Talk, words: int) -> dict[str, Figure]:
    """How evenly the page is painted while an answer comes."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    answer, text = _open(page, site, talk, fence=1_000), prose(500_000, words)
    page.evaluate(WATCH_FRAMES)
    talk.write(answer, 1_000, text)
    _await_end(page)
    seen: dict[str, Any] = page.evaluate(FRAMES_SEEN)
    wrong = _wrong(page, text)
    page.close()
    return {
        "frame_p50_ms": figures.middle(seen["frames"]),
        "frame_p95_ms": figures.p95(seen["frames"]),
        "frame_max_ms": max(seen["frames"]),
        "long_tasks_ms": seen["long"],
        "answer_kilobytes": len(text) / 1000,
        "words_lost_or_doubled": wrong,
    }


def away(browser: Browser, site: str, talk: Talk, words: int) -> dict[str, Figure]:
    """What a page shows that heard and read nothing for a while."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    connection = _Connection(page)
    answer, text = _open(page, site, talk, fence=2_000), prose(900_000, words)
    writer = threading.Thread(target=talk.write, args=(answer, 2_000, text), name="writer")
    writer.start()
    page.wait_for_function(f"() => ({ANSWER_SHOWN})().includes('w900040')")
    connection.cut()
    page.wait_for_timeout(AWAY_SECONDS * 1000)
    missed = len(words_of(page.evaluate(ANSWER_SHOWN)))
    connection.restore()
    back_at = time.monotonic()
    page.wait_for_function(f"(known) => ({ANSWER_SHOWN})().match(/w\\d+/g).length > known + 50", arg=missed)
    caught_up = time.monotonic() - back_at
    writer.join()
    _await_end(page)
    wrong = _wrong(page, text)
    page.close()
    return {"seconds_until_caught_up": caught_up, "words_lost_or_doubled_away": wrong}


class _Connection:
    """The page's way to the project, which can be cut."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._sockets: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/realtime/"), self._connect)
        page.route(re.compile("/(rest|auth)/v1/"), self._request)

    def cut(self) -> None:
        self._is_cut = True
        for socket in self._sockets:
            socket.close()

    def restore(self) -> None:
        self._is_cut = False

    def _connect(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close()
            return
        socket.connect_to_server()
        self._sockets.append(socket)

    def _request(self, route: Route) -> None:
        if self._is_cut:
            route.abort("internetdisconnected")
        else:
            route.continue_()


def _open(page: Page, site: str, talk: Talk, fence: int) -> UUID:
    """Sign in, open the conversation, and wait for an answer that has begun there."""
    enter(page, site, talk)
    answer = talk.begin(fence)
    expect(page.locator("article[data-status=streaming]")).to_be_attached()
    return answer


def enter(page: Page, site: str, talk: Talk) -> None:
    """Sign in and see the conversation."""
    page.goto(f"{site}/sign-in?next=/chat/{talk.conversation}")
    if page.get_by_label("E-mail").is_visible():
        page.get_by_label("E-mail").fill(talk.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**/chat/{talk.conversation}")
    expect(page.get_by_text("w0 ").first).to_be_attached()


def _await_end(page: Page) -> None:
    expect(page.locator("article").last).to_have_attribute("aria-busy", "false", timeout=END_MS)


def _wrong(page: Page, text: str) -> int:
    """Words that the page shows otherwise than the row has them."""
    shown, written = words_of(page.evaluate(ANSWER_SHOWN)), words_of(text)
    return sum(a != b for a, b in zip(shown, written, strict=False)) + abs(len(shown) - len(written))


@contextmanager
def stage() -> Iterator[tuple[databases.Database, str, str]]:
    """The database, the gateway's address, the web application's, built from the files as they are."""
    node = web_node.find()
    if node is None:
        raise SystemExit(web_node.missing())
    web_build.build(say)
    with durable.database() as database, durable.gateway(database) as url:
        port = ports.any_free()
        settings = {
            "NEXT_PUBLIC_SUPABASE_URL": url,
            "NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY": database.publishable_key,
            "HOSTNAME": ports.HOST,
            "PORT": str(port),
            "NODE_ENV": "production",
        }
        command = [str(node.program), str(web_build.SERVER)]
        site = web.address(port)
        with serving.process(command, settings, lambda: serving.answers(f"{site}/healthz")):
            yield database, url, site


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--words", type=int, default=1500, help="of the answer (default: 1500, about 10 kB)")
    given = parser.parse_args()
    say("about two minutes")
    found = measure(given.words)
    aims = {"frame_p95_ms": "50", "words_lost_or_doubled": "0", "words_lost_or_doubled_away": "0"}
    figures.show(found, aims, given.json)
    sys.exit(any(found[name] for name in aims if name.startswith("words")))


if __name__ == "__main__":
    main()
