"""What a change costs: `python -m tests.benchmarks.edits [--json]`.

A report of 300 pages (2,400 paragraphs) is ingested with real parts and a model server that counts; there is no Redis,
so that nothing is remembered but by the index itself. Then one paragraph is rewritten, one is added, one removed, the
same text is written again, and the report is renamed: how many passages are embedded, and how long it takes until the
change is searchable.
"""

import random
import time
import uuid
from collections.abc import Callable
from itertools import pairwise

from tests.benchmarks import figures
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.ingestion import Site, documents, listeners, sentence, site

PAGES, PARAGRAPHS_EACH = 300, 8
Edit = Callable[[list[str], int], list[str]]


def longer(paragraphs: list[str], place: int) -> list[str]:
    """One paragraph says something else, at greater length."""
    return [*paragraphs[:place], written(place, 9), *paragraphs[place + 1 :]]


def shorter(paragraphs: list[str], place: int) -> list[str]:
    """One paragraph says something else, in brief."""
    return [*paragraphs[:place], written(place, 2), *paragraphs[place + 1 :]]


def added(paragraphs: list[str], place: int) -> list[str]:
    """There is one more."""
    return [*paragraphs[:place], written(place, 6), *paragraphs[place:]]


def removed(paragraphs: list[str], place: int) -> list[str]:
    """There is one less."""
    return [*paragraphs[:place], *paragraphs[place + 1 :]]


def unchanged(paragraphs: list[str], _: int) -> list[str]:
    """The same text."""
    return paragraphs


EDITS: tuple[Edit, ...] = (longer, shorter, added, removed, unchanged)


def written(place: int, sentences: int) -> str:
    """A paragraph that was not there before."""
    chance = random.Random(place)
    return " ".join(sentence(chance) for _ in range(sentences))


def measure(rounds: int) -> dict[str, Figure]:
    """All edits, at several places."""
    with site(latency=0.05) as place, listeners(place, "parse", "embed", "purge"):
        user = place.engine.person()
        began = place.embedded()
        place.upload(documents(1, paragraphs=PAGES * PARAGRAPHS_EACH), user)
        document: uuid.UUID = place.engine.one("select id from public.documents where owner_id = %s", user)
        results: dict[str, Figure] = {"first_embedded": place.embedded() - began}
        chance = random.Random(3)
        for edit in EDITS:
            costs = [_edit(place, document, edit, chance) for _ in range(rounds)]
            results[f"{edit.__name__}_embedded_most"] = max(embedded for embedded, _ in costs)
            results[f"{edit.__name__}_seconds"] = figures.middle([seconds for _, seconds in costs])
            say(f"{edit.__name__}: {[embedded for embedded, _ in costs]} embedded")
        results["renamed_embedded"] = _renamed(place, document)
        results["passages"] = place.engine.one("select chunks_total from public.documents where id = %s", document)
        results["versions"] = place.engine.one("select version from public.documents where id = %s", document)
    return results


def _edit(place: Site, document: uuid.UUID, edit: Edit, chance: random.Random) -> tuple[int, float]:
    """Texts embedded, and seconds until the new version is searched."""
    before = place.embedded()
    paragraphs = place.engine.one("select content from public.documents where id = %s", document).split("\n\n")
    changed = edit(paragraphs, _body(paragraphs, chance))
    began = time.perf_counter()
    place.engine.all("update public.documents set content = %s where id = %s", "\n\n".join(changed), document)
    place.settle()
    return place.embedded() - before, time.perf_counter() - began


def _body(paragraphs: list[str], chance: random.Random) -> int:
    """A paragraph anywhere; no heading, and none whose removal would leave a heading alone."""
    inner = [
        n
        for n, (one, after) in enumerate(pairwise(paragraphs))
        if not one.startswith("#") and not after.startswith("#")
    ]
    return chance.choice(inner[1:])


def _renamed(place: Site, document: uuid.UUID) -> int:
    before = place.embedded()
    place.engine.all("update public.documents set title = 'Another name' where id = %s", document)
    place.settle()
    return place.embedded() - before


def main() -> None:
    """Measure and show."""
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="edits of each kind (default: 5)")
    given = parser.parse_args()
    aims = {f"{edit.__name__}_embedded_most": "≤ 3" for edit in EDITS} | {
        "unchanged_embedded_most": "0",
        "renamed_embedded": "0",
    }
    figures.show(measure(given.rounds), aims, given.json)


if __name__ == "__main__":
    main()
