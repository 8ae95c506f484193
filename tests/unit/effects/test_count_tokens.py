"""Counting tokens by the model's own tokenizer."""

from functions.effects.count_tokens import MAX_CHARACTERS, token_counter
from infra.local.models import package

COUNT = token_counter(package.model_folder() / "tokenizer.json")


def test_tokens_are_those_of_the_model_without_its_markers() -> None:
    assert COUNT("") == 0
    assert COUNT("The weir is old.") == 5


def test_a_text_beyond_all_passages_is_counted_by_its_beginning() -> None:
    assert COUNT("weir " * MAX_CHARACTERS) == MAX_CHARACTERS
