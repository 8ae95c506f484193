"""From a language to the text search configuration that stems it."""

from collections.abc import Sequence

# PostgreSQL ships a stemmer for each of these; all others are searched by their exact words.
_CONFIGURATIONS = {
    "ara": "arabic", "dan": "danish", "deu": "german", "ell": "greek", "eng": "english", "fin": "finnish",
    "fra": "french", "hun": "hungarian", "ita": "italian", "nld": "dutch", "nob": "norwegian", "nor": "norwegian",
    "por": "portuguese", "ron": "romanian", "rus": "russian", "spa": "spanish", "swe": "swedish", "tur": "turkish",
}  # fmt: skip


def search_configuration(languages: Sequence[str]) -> str:
    """The configuration for a document in `languages` (ISO 639-3, likeliest first); none detected counts as English."""
    if not languages:
        return "pg_catalog.english"
    return "pg_catalog." + _CONFIGURATIONS.get(languages[0], "simple")
