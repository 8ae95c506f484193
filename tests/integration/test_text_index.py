"""BM25 in PostgreSQL: what is found, in which order, and that its statistics stay right."""

import json
import math
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.engine import Engine, waiting
from tests.integration.test_documents import put_object


class Texts:
    """Passages in the library of one person, put there directly: a document for each, the number its id."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.user = engine.person()
        self.library = engine.library(self.user)
        self.documents: dict[uuid.UUID, int] = {}

    def add(self, texts: Sequence[str], language: str = "english", title: str = "-") -> list[uuid.UUID]:
        added = []
        for text in texts:
            document = self.engine.document(self.user, title, text)
            self.engine.all("update public.documents set active_version = 1 where id = %s", document)
            self.documents[document] = len(self.documents)
            added.append(document)
        self.engine.all(
            "insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, char_start,"
            " char_end, content_hash, anchor, language) select gen_random_uuid(), d, %s, 1, 0, t, 1, 0, 1, 'x', 0, %s"
            " from unnest(%s::uuid[], %s::text[]) x (d, t)",
            self.library,
            language,
            added,
            list(texts),
        )
        return added

    def hits(self, query: str, **options: Any) -> list[tuple[int, float]]:
        found = self.engine.one(
            "select public.lexical_search_v1(%s, %s, p_limit => %s, p_filter => %s)",
            self.user,
            query,
            options.pop("limit", 50),
            json.dumps(options),
        )
        return [(self._number(hit["chunk_id"]), hit["score"]) for hit in found]

    def find(self, query: str, **options: Any) -> list[int]:
        return [number for number, _ in self.hits(query, **options)]

    def _number(self, chunk: str) -> int:
        return self.documents[self.engine.one("select document_id from public.chunks where id = %s", chunk)]


@pytest.fixture
def texts(engine: Engine) -> Texts:
    return Texts(engine)


def test_scores_are_those_of_the_formula(texts: Texts) -> None:
    corpus = ["weir gate", "weir weir gate river", "river", "mill mill mill stone weir"]
    texts.add(corpus, "simple", title="…")  # a title without words
    bags = [Counter(text.split()) for text in corpus]
    average = sum(bag.total() for bag in bags) / len(bags)

    def score(bag: Counter[str]) -> float:
        total = 0.0
        for word in ("weir", "mill"):
            df = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - df + 0.5) / (df + 0.5))
            total += idf * bag[word] * 2.2 / (bag[word] + 1.2 * (0.25 + 0.75 * bag.total() / average))
        return total

    found = dict(texts.hits("weir mill"))
    assert found == {n: pytest.approx(score(bag), rel=1e-5) for n, bag in enumerate(bags) if score(bag)}


def test_words_are_stemmed_in_the_language_of_each_passage(texts: Texts) -> None:
    texts.add(["The houses were flooded."])
    texts.add(["Die Häuser wurden überflutet."], "german")
    assert texts.find("house flooding") == [0]
    assert texts.find("Welches Haus wurde überflutet?") == [1]


def test_what_counts_for_nothing_in_the_question_finds_nothing(texts: Texts) -> None:
    texts.add(["Die Wehre werden gewartet."], "german")
    texts.add(["Cells die when the culture is warm."])
    assert texts.find("Wann werden die Wehre gewartet?") == [0]
    assert texts.find("when do cells die") == [1]
    assert texts.find("when is it") == []


@pytest.mark.parametrize(
    "code", ["ERR-4711/A", "err-4711/a", "ERR4711A", "(ERR-4711/A)", "ERR_4711_A", "“ERR-4711/A”?"]
)
def test_codes_are_found_however_they_are_written(texts: Texts, code: str) -> None:
    texts.add(
        ["Error 4711: see ERR of part A/4711", "ERR-4712/A means air", "On ERR-4711/A, stop the motor.", "A 4711 err"]
    )
    assert texts.find(f"What is {code}")[0] == 2


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("CD8+", "CD8+ cells"),
        ("RX-900.2", "the RX-900.2 router"),
        ("ARC_VOL7", "mount ARC_VOL7"),
        ("3.5", "dose 3.5 mg"),
    ],
)
def test_identifiers(texts: Texts, query: str, text: str) -> None:
    texts.add([f"filler {n} words 8 900 2 3 5" for n in range(5)])
    texts.add([text])
    assert texts.find(query)[0] == 5


def test_a_phrase_in_quotation_marks_comes_first(texts: Texts) -> None:
    texts.add(["gate valve valve gate gate valve", "open the gate; a valve", "The old gate valve leaks.", "nothing"])
    assert texts.find('"gate valve"')[:2] != [1]
    assert texts.find('what leaks: "valve leaks"')[0] == 2
    assert texts.find("»old gate valve«")[0] == 2


def test_the_beginning_of_a_word(texts: Texts) -> None:
    texts.add(["The turbidimeter is calibrated.", "Turbines turn.", "Turbidity was high."])
    assert sorted(texts.find("turbidi*")) == [0, 2]
    assert all(score > 0 for _, score in texts.hits("turbidi*"))
    assert sorted(texts.find("turb*")) == [0, 1, 2]
    assert texts.find("'*:(&*") == []


def test_scripts_without_spaces(texts: Texts) -> None:
    texts.add(["温泉の営業時間は朝六時からです", "東京の水質を調べる", "今日は水曜日"], "simple")
    texts.add(["น้ำท่วมในกรุงเทพ"], "simple")
    assert texts.find("営業時間は何時ですか")[0] == 0
    assert texts.find("水質") == [1]
    assert texts.find("น้ำท่วม") == [3]


def test_title_and_its_change(texts: Texts, engine: Engine) -> None:
    [document] = texts.add(["It is closed in winter."], title="Hallam bridge")
    assert texts.find("bridge") == [0]
    engine.all("update public.documents set title = 'Kessel ferry' where id = %s", document)
    assert texts.find("bridge") == []
    assert texts.find("ferry") == [0]
    audit(engine)


def test_filters(texts: Texts, engine: Engine) -> None:
    old, tagged, plain = texts.add(["weir one", "weir two", "weir three"])
    engine.all("update public.documents set created_at = '2001-02-03' where id = %s", old)
    engine.all("update public.documents set tags = '{river,mill}', mime = 'application/pdf' where id = %s", tagged)
    engine.all("update public.chunks set page = 7 where document_id = %s", plain)
    assert sorted(texts.find("weir", documents=[str(old), str(plain)])) == [0, 2]
    assert texts.find("weir", documents=[]) == []
    assert texts.find("weir", tags=["mill", "dam"]) == [1]
    assert texts.find("weir", mimes=["application/pdf"]) == [1]
    assert texts.find("weir", until="2002-01-01T00:00:00Z") == [0]
    assert sorted(texts.find("weir", since="2002-01-01T00:00:00Z")) == [1, 2]
    assert texts.find("weir", first_page=7, last_page=8) == [2]
    assert texts.find("weir", tags=None) == texts.find("weir")


def test_common_words_cost_nothing_and_rare_ones_are_counted_exactly(texts: Texts, engine: Engine) -> None:
    """Of a library larger than a search reads, only the passages with the rare word are looked at."""
    [document] = texts.add(["first"])
    for start in range(0, 2400, 200):
        engine.all(
            "insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, char_start,"
            " char_end, content_hash, anchor, language)"
            " select gen_random_uuid(), %s, %s, 1, n, 'common plain text number' || n, 1, 0, 1, 'x', 0, 'simple'"
            " from generate_series(%s::integer, %s::integer) n",
            document,
            texts.library,
            start + 1,
            start + 200,
        )
    texts.add(["common and rarest"], "simple")
    assert texts.find("common rarest") == [1]
    assert len(texts.find("common", limit=100)) == 100
    [(known,)] = engine.all(
        "select f.passages from rivulet.frequencies f where term = rivulet.term_of(%s, 'common')", texts.library
    )
    assert 180 < known < 350  # one in eight of those beyond the first 200
    audit(engine)


def test_the_statistics_follow_every_change(texts: Texts, engine: Engine) -> None:
    documents = texts.add([f"weir gate {n % 7} word{n}" for n in range(300)])
    audit(engine)
    engine.all("update public.chunks set text = 'mill stone' where document_id = any (%s)", documents[:20])
    assert len(texts.find("mill")) == 20
    audit(engine)
    engine.all("delete from public.documents where id = any (%s)", documents[10:200])
    assert len(texts.find("mill")) == 10
    audit(engine)
    engine.all("delete from public.libraries where id = %s", texts.library)
    for table in ("postings", "corpora", "frequencies"):
        assert engine.one(f"select count(*) from rivulet.{table}") == 0, table


def test_passages_of_a_version_that_is_not_whole_are_not_found(texts: Texts, engine: Engine) -> None:
    [document] = texts.add(["weir"])
    engine.all("update public.documents set active_version = null where id = %s", document)
    assert texts.find("weir") == []


def test_who_takes_documents_away_and_who_adds_one_do_not_wait_in_a_circle(texts: Texts, engine: Engine) -> None:
    texts.add(["filler"] * 200)
    first, second, third = (engine.document(texts.user, "…") for _ in range(3))  # a title without words
    add_counted(engine, texts.library, first, "alpha")
    add_counted(engine, texts.library, second, "beta")

    with engine.connection.transaction():
        engine.all("delete from public.documents where id = %s", first)
        added = waiting(engine, lambda other: add_counted(other, texts.library, third, "beta"))
        engine.all("delete from public.documents where id = %s", second)

    added.result()
    audit(engine)


def test_who_removes_files_and_who_reads_one_of_them_do_not_wait_in_a_circle(texts: Texts, engine: Engine) -> None:
    for name in ("first", "second"):
        put_object(engine, f"{texts.library}/{name}.txt")
        engine.parse([name])
    second = engine.one("select id from public.documents where title = 'second.txt'")

    def remove(other: Engine) -> None:
        other.all("select set_config('storage.allow_delete_query', 'true', false)")
        other.all("delete from storage.objects")

    with engine.connection.transaction():
        engine.all("select from public.documents where id = %s for key share", second)  # as its next passages do
        removed = waiting(engine, remove)
        engine.all("update public.chunks set text = 'changed' where document_id = %s", second)

    removed.result()
    audit(engine)


def add_counted(engine: Engine, library: uuid.UUID, document: uuid.UUID, text: str) -> None:
    """Add a passage whose words are counted in the frequencies, as one in eight is."""
    engine.all(
        "insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, char_start,"
        " char_end, content_hash, anchor) select id, %s, %s, 1, 0, %s, 1, 0, 1, 'x', 0"
        " from (select gen_random_uuid() as id from generate_series(1, 1000)) ids"
        " where (hashtextextended(id::text, 0) & 7) = 0 limit 1",
        document,
        library,
        text,
    )


def audit(engine: Engine) -> None:
    """What the triggers kept is what counting everything anew gives."""
    assert engine.all("select id from public.chunks except select chunk_id from rivulet.postings") == []
    assert engine.all("select chunk_id from rivulet.postings except select id from public.chunks") == []
    counted = (
        "select library_id, language, count(*), sum(length), count(*) filter (where sampled)"
        " from rivulet.postings group by 1, 2"
    )
    kept = "select library_id, language, passages, words, sampled from rivulet.corpora"
    assert engine.all(f"({counted} except {kept}) union all ({kept} except {counted})") == []
    counted = (
        "select library_id, term, count(*)::integer from rivulet.postings, unnest(terms) term"
        " where sampled group by 1, 2"
    )
    kept = "select library_id, term, passages from rivulet.frequencies"
    assert engine.all(f"({counted} except {kept}) union all ({kept} except {counted})") == []
