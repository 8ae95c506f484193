"""What is known of chat models: how much they read and write, what they cost, and whether they follow instructions.

Sources, as of November 2026: https://docs.together.ai/docs/serverless-models and the models' cards for windows,
https://www.together.ai/pricing for prices. Prices change: a cost is what the listed price makes of the tokens that the
provider counted. A model that is not listed is trusted with little, and costs nobody knows what.
"""

from dataclasses import dataclass

from schema.answers import Usage


@dataclass(frozen=True)
class Facts:
    """Of one model: `window` and `most_output` in its tokens, prices in US dollars for a million of them."""

    window: int
    most_output: int
    input_price: float | None = None
    output_price: float | None = None
    follows_instructions: bool = True  # can rewrite a question or find a title, other than by quoting


UNKNOWN = Facts(window=8_192, most_output=1_024)

_KNOWN = {
    "meta-llama/Llama-3.3-70B-Instruct-Turbo": Facts(131_072, 8_192, 0.88, 0.88),
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8": Facts(524_288, 8_192),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": Facts(327_680, 8_192),
    "openai/gpt-oss-120b": Facts(131_072, 8_192, 0.15, 0.60),
    "openai/gpt-oss-20b": Facts(131_072, 8_192),
    "deepseek-ai/DeepSeek-V3.1": Facts(131_072, 8_192),
    "Qwen/Qwen2.5-72B-Instruct-Turbo": Facts(32_768, 8_192),
    # The local model server's own: it quotes, free of charge, and its tokens are words.
    "rivulet/extractive-1": Facts(32_768, 1_024, 0.0, 0.0, follows_instructions=False),
}


def facts_of(model: str) -> Facts:
    """What is known of a model, cautious for one that is not listed."""
    return _KNOWN.get(model, UNKNOWN)


def cost_usd(model: str, usage: Usage | None) -> float | None:
    """What a call cost, in US dollars; None where the price or the tokens are not known."""
    facts = facts_of(model)
    if usage is None or facts.input_price is None or facts.output_price is None:
        return None
    return (usage.prompt_tokens * facts.input_price + usage.completion_tokens * facts.output_price) / 1_000_000
