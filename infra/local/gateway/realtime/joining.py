"""What a client asks for when it joins a channel: the payload of ``phx_join``, read leniently as Realtime does."""

import logging
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

REPLAY_LIMIT = 25
DEFAULT_REPLAY = 10
DEFAULT_WAIT_MS, LONGEST_WAIT_MS = 15_000, 20_000


class JoinRefusedError(Exception):
    """A join was refused; ``str()`` is the reason for the client."""


@dataclass(frozen=True)
class Replay:
    """Stored broadcasts asked for: the latest ``limit`` since ``since`` (Unix milliseconds)."""

    since: float
    limit: int


@dataclass(frozen=True)
class JoinRequest:
    """A join's wishes with the defaults filled in; ``bindings`` are the client's own objects, to be echoed."""

    token: str | None = None
    private: bool = False
    ack: bool = False
    echo: bool = False
    replication_ready: bool = False
    replay: Replay | None = None
    presence: bool = False
    presence_key: str = ""
    bindings: list[dict[str, Any]] = field(default_factory=list)
    #: Seconds to hold the reply until the bindings are active; None: reply at once.
    wait: float | None = None


def read_join(payload: Any) -> JoinRequest:
    """Return the request in a ``phx_join`` payload; raises JoinRefusedError for a replay that cannot be served."""
    payload = _object(payload)
    config = _object(payload.get("config"))
    broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
    options = _object(config.get("postgres_changes_options"))
    private = _flag(config, "private")
    return JoinRequest(
        token=_text(payload, "access_token") or _text(payload, "user_token"),
        private=private,
        ack=_flag(broadcast, "ack"),
        echo=_flag(broadcast, "self"),
        replication_ready=_flag(broadcast, "replication_ready"),
        replay=_replay(broadcast.get("replay"), private),
        presence=_flag(presence, "enabled"),
        presence_key=_text(presence, "key") or "",
        bindings=_bindings(config.get("postgres_changes")),
        wait=_wait(options),
    )


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is not None:
        log.warning("InvalidJoinPayload: an object is expected, not %s", type(value).__name__)
    return {}


def _text(owner: dict[str, Any], key: str) -> str | None:
    value = owner.get(key)
    return value if isinstance(value, str) else None


def _flag(owner: dict[str, Any], key: str) -> bool:
    value = owner.get(key, False)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        log.warning("InvalidJoinPayload: %s must be true or false", key)
        return False
    return value


def _bindings(value: Any) -> list[dict[str, Any]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _replay(value: Any, private: bool) -> Replay | None:
    if value is None:
        return None
    if not private:
        raise JoinRefusedError("UnableToReplayMessages: Replay is not allowed for public channels")
    wanted = value if isinstance(value, dict) else {"limit": None}
    since: Any = wanted.get("since", 0)
    limit: Any = wanted.get("limit", DEFAULT_REPLAY)
    if not _is_number(since) or not isinstance(limit, int) or not 1 <= limit <= REPLAY_LIMIT:
        raise JoinRefusedError("UnableToReplayMessages: Replay params are not valid")
    return Replay(since, limit)


def _wait(options: dict[str, Any]) -> float | None:
    if not _flag(options, "wait"):
        return None
    timeout = options.get("timeout", DEFAULT_WAIT_MS)
    wanted = timeout if _is_number(timeout) and timeout > 0 else DEFAULT_WAIT_MS
    return min(wanted, LONGEST_WAIT_MS) / 1000


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
