"""JSON as it travels: UTF-8 bytes that are spliced into frames without being parsed again."""

import json
import math
from typing import Any, NoReturn


def loads(text: str | bytes) -> Any:
    """Parse strict JSON; raises ValueError for anything else, ``NaN`` and unbounded nesting or numbers included."""
    try:
        return _decoder.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Return ``value`` as compact JSON; lone surrogates are escaped, as UTF-8 cannot hold them."""
    text = _encoder.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _ascii_encoder.encode(value).encode()


def members(pairs: dict[str, bytes]) -> bytes:
    """Return a JSON object whose values are JSON texts already."""
    return b"{" + b",".join(dumps(key) + b":" + text for key, text in pairs.items()) + b"}"


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"number out of range: {text[:20]}")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"not JSON: {text}")


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_ascii_encoder = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))
EMPTY_OBJECT = b"{}"
