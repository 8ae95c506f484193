"""Settings of the listeners and functions, read once from the environment by a composition root."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from schema.errors import ConfigurationError
from schema.keys import WORKER_ROLE, Entry, end_of, role_of
from schema.places import VectorServer

# Names of one setting: the first is the current one, the others are those of older projects.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "supabase_url": ("SUPABASE_URL",),
    "supabase_secret_key": ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_KEY"),
    "supabase_worker_token": ("SUPABASE_WORKER_TOKEN",),
    "redis_url": ("REDIS_URL",),
    "chroma_url": ("CHROMA_URL",),
    "chroma_api_key": ("CHROMA_API_KEY",),
    "chroma_tenant": ("CHROMA_TENANT",),
    "chroma_database": ("CHROMA_DATABASE",),
    "together_api_key": ("TOGETHER_API_KEY",),
    "together_base_url": ("TOGETHER_BASE_URL",),
    "chat_model": ("CHAT_MODEL",),
    "chat_model_fallbacks": ("CHAT_MODEL_FALLBACKS",),
    "embedding_model": ("EMBEDDING_MODEL",),
    "rerank_model": ("RERANK_MODEL",),
    "embedding_tokenizer": ("EMBEDDING_TOKENIZER",),
    "embedding_tokens_per_minute": ("EMBEDDING_TOKENS_PER_MINUTE",),
    "chat_tokens_per_minute": ("CHAT_TOKENS_PER_MINUTE",),
    "questions_per_minute": ("QUESTIONS_PER_MINUTE",),
    "questions_per_day": ("QUESTIONS_PER_DAY",),
    "answer_cache_seconds": ("ANSWER_CACHE_SECONDS",),
    "log_level": ("LOG_LEVEL",),
    "app_env": ("APP_ENV",),
    "sentry_dsn": ("SENTRY_DSN",),
    "traces_url": ("OTEL_EXPORTER_OTLP_ENDPOINT",),
    "supabase_publishable_key": ("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
    "jwt_secret": ("JWT_SECRET",),
    "frontend_url": ("FRONTEND_URL",),
    "webhook_secret": ("RIVULET_WEBHOOK_SECRET",),
    "drain_seconds": ("RIVULET_DRAIN_SECONDS",),
    "drain_concurrency": ("RIVULET_DRAIN_CONCURRENCY",),
    "ask_drains": ("RIVULET_ASK_DRAINS",),
    "trust_events": ("RIVULET_TRUST_EVENTS",),
    "fetch_ports": ("RIVULET_FETCH_PORTS",),
    "fetch_private_networks": ("RIVULET_FETCH_PRIVATE_NETWORKS",),
}

WHERE_TO_GET: Mapping[str, str] = {
    "supabase_url": "it is under Project Settings → API in the Supabase dashboard; `rivulet up` prints the local one",
    "supabase_secret_key": "it is under Project Settings → API keys in the Supabase dashboard; keep it on servers only",
    "chroma_url": "the address of a Chroma server, such as http://localhost:8000; start one with `chroma run`",
    "supabase_publishable_key": "it is under Project Settings → API keys in the Supabase dashboard",
    "webhook_secret": "whsec_ and 24 to 64 random bytes in base64, the same as given to set_webhook_v1",
    "together_api_key": "make one at https://api.together.ai/settings/api-keys, or set TOGETHER_BASE_URL",
}


class Settings(BaseModel):
    """Everything that a listener or function is told from outside."""

    model_config = ConfigDict(frozen=True)

    supabase_url: str
    supabase_secret_key: SecretStr | None = None  # opens everything: who only works does with the token
    supabase_worker_token: SecretStr | None = None  # goes before the secret key, and needs the publishable one
    supabase_publishable_key: str | None = None  # `ask` needs it, too
    chroma_url: str
    chroma_api_key: SecretStr | None = None  # Chroma Cloud, or a server that asks for a token
    chroma_tenant: str | None = None  # None: the server's own default
    chroma_database: str | None = None
    together_api_key: SecretStr
    together_base_url: str | None = None  # None: Together AI itself
    redis_url: str | None = None  # None: no cache, everything still works
    chat_model: str = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
    chat_model_fallbacks: tuple[str, ...] = ()  # asked in this order when the chat model does not answer
    embedding_model: str = "intfloat/multilingual-e5-large-instruct"
    rerank_model: str | None = None  # reads the best passages again; None: nobody does
    embedding_tokenizer: FilePath | None = None  # the model's tokenizer.json; None: tokens are estimated
    embedding_tokens_per_minute: int = Field(default=2_000_000, ge=1)  # of all listeners together
    chat_tokens_per_minute: int = Field(default=0, ge=0)  # of each chat model, of all processes together; 0: no budget
    questions_per_minute: int = Field(
        default=30, ge=0
    )  # of one person; searches are counted by themselves; 0: no limit
    questions_per_day: int = Field(default=1000, ge=0)
    answer_cache_seconds: int = Field(default=0, ge=0)  # that an answer is given again to the same question; 0: never
    log_level: str = "INFO"
    app_env: str = "production"  # only told: Sentry keeps the faults of each apart
    sentry_dsn: SecretStr | None = None  # None: faults stand in the log alone
    traces_url: str | None = None  # a collector of traces (OTLP by gRPC); None: nothing is recorded
    # Documents that are fetched from the web, lists with commas:
    fetch_ports: tuple[int, ...] = ()  # besides 80 and 443
    fetch_private_networks: tuple[IPvAnyNetwork, ...] = ()  # 127.0.0.0/8: for tests, intranets; else nothing private
    # What only functions use:
    jwt_secret: SecretStr | None = None  # None: people's tokens are signed with the project's asymmetric keys
    frontend_url: str | None = None  # the web page that may call; None: no page of another origin may
    webhook_secret: SecretStr | None = None  # None: only the key that the functions have themselves opens `drain`
    drain_seconds: float = Field(default=50.0, ge=1, le=3600)  # the most that one drain takes
    drain_concurrency: int = Field(default=4, ge=1, le=100)  # jobs of each queue at once
    ask_drains: bool = False  # `ask` also does the work, where no listener does
    trust_events: bool = False  # the platform lets only trusted senders reach `drain_event`

    @field_validator("chat_model_fallbacks", "fetch_ports", "fetch_private_networks", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("supabase_worker_token")
    @classmethod
    def _workers(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and role_of(value.get_secret_value()) != WORKER_ROLE:
            raise ValueError("is not a worker's token; `rivulet worker-token` makes one")
        return value

    @field_validator("supabase_secret_key", "supabase_worker_token")
    @classmethod
    def _not_ended(cls, value: SecretStr | None) -> SecretStr | None:
        end = end_of(value.get_secret_value()) if value is not None else None
        if end is not None and end <= time.time():
            raise ValueError(f"ended on {datetime.fromtimestamp(end, UTC):%Y-%m-%d}; take a new one")
        return value

    @field_validator("frontend_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("must be an address like https://example.com")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("supabase_url", "chroma_url", "together_base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address like https://example.com")
        return value.rstrip("/")

    @field_validator("together_base_url")
    @classmethod
    def _without_version(cls, value: str | None) -> str | None:
        return value and value.removesuffix("/v1")  # which the together SDK adds itself

    @field_validator("chroma_url")
    @classmethod
    def _without_path(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.path or parts.query or parts.fragment:
            raise ValueError("must name a server and its port alone, without a path: Chroma's client knows none")
        return value

    @model_validator(mode="after")
    def _enters(self) -> Self:
        if self.supabase_worker_token is None and self.supabase_secret_key is None:
            raise ValueError(
                f"SUPABASE_SECRET_KEY is not set: {WHERE_TO_GET['supabase_secret_key']}. Who only works does with "
                "SUPABASE_WORKER_TOKEN, which `rivulet worker-token` makes"
            )
        if self.supabase_worker_token is not None and self.supabase_publishable_key is None:
            raise ValueError(
                "SUPABASE_PUBLISHABLE_KEY is not set: SUPABASE_WORKER_TOKEN needs it beside it; "
                + WHERE_TO_GET["supabase_publishable_key"]
            )
        return self

    @property
    def entry(self) -> Entry:
        """What this process enters the project with."""
        token, key = self.supabase_worker_token, self.supabase_secret_key
        if token is not None:
            return Entry("SUPABASE_WORKER_TOKEN", self.supabase_publishable_key or "", token.get_secret_value())
        secret = key.get_secret_value() if key is not None else ""
        return Entry("SUPABASE_SECRET_KEY", secret, secret)

    @property
    def vectors(self) -> VectorServer:
        """Where vectors are kept."""
        return VectorServer(self.chroma_url, self.chroma_api_key, self.chroma_tenant, self.chroma_database)

    def secrets(self) -> list[str]:
        """All values that must never be seen."""
        kept = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        return kept + [
            password for _, value in self if isinstance(value, str) and (password := urlsplit(value).password)
        ]

    @classmethod
    def for_operator(cls, environment: Mapping[str, str]) -> Self:
        """The settings of whoever may do everything: as `from_env`, with the secret key and never with a token."""
        return cls.from_env({name: environment[name] for name in environment if name != "SUPABASE_WORKER_TOKEN"})

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; `ConfigurationError` names the first that is missing or malformed."""
        found = {
            field: value
            for field, names in SOURCES.items()
            if (value := next((environment[name] for name in names if environment.get(name)), None))
        }
        if "together_base_url" in found:
            found.setdefault("together_api_key", "not-needed")
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            raise ConfigurationError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    problem = "is not set" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{problem}."
    field = str(first["loc"][0])
    hint = WHERE_TO_GET.get(field)
    return f"{SOURCES[field][0]} {problem}" + (f": {hint}." if hint else ".")
