"""What each part, and whoever works with the stack, is told through environment variables."""

from collections.abc import Mapping
from pathlib import Path

from infra import worker_token
from infra.local import ports, postgres, redis
from infra.local.models import package
from infra.local.state import Secrets

USUAL_PORTS = {"gateway": 54321, "postgres": 54322, "models": 54327, "chroma": 54328, "redis": 54329}
# What any program needs to run at all; the servers see nothing else of the user's environment.
PLAIN_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
EMBEDDING_MODEL = "rivulet/all-minilm-l6-v2-int8"
CHAT_MODEL = "rivulet/extractive-1"
# A chat model of the user's own, which the model server names after its file.
OWN_CHAT_MODEL = "RIVULET_GGUF"
# Choices about the local Supabase that are the user's.
GATEWAY_CHOICES = ("GATEWAY_SITE_URL", "GATEWAY_CONFIRM_EMAIL", "GATEWAY_FUNCTIONS")
# The key of our own model server, which asks for none: whoever has it set has what `rivulet env` told, and no account.
MODELS_KEY = "rivulet-local"
WORKER_DAYS = 365
NOT_FOR_LISTENERS = ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_KEY", "JWT_SECRET", "DATABASE_URL")
# Requests between the parts never leave the machine, whatever proxy the user has.
DIRECT_HOSTS = "127.0.0.1,localhost"


def runs_local_models(given: Mapping[str, str]) -> bool:
    """Whether the stack must bring its own model server: the user has named none.

    A base URL names a server; a key alone means Together AI itself.
    """
    key = given.get("TOGETHER_API_KEY")
    return key == MODELS_KEY or not (key or given.get("TOGETHER_BASE_URL"))


def plain(given: Mapping[str, str]) -> dict[str, str]:
    """The little that every server needs."""
    return {name: given[name] for name in PLAIN_VARIABLES if name in given}


def application(taken: Mapping[str, int], secrets: Secrets, given: Mapping[str, str]) -> dict[str, str]:
    """The settings by which listeners, functions, command line and tests reach this stack.

    `taken` maps part to port; without a port for `models` or `redis` the user's own settings are left as they are.
    """
    values = {
        "SUPABASE_URL": f"http://{ports.HOST}:{taken['gateway']}",
        "SUPABASE_PUBLISHABLE_KEY": secrets.publishable_key,
        "SUPABASE_SECRET_KEY": secrets.secret_key,
        "JWT_SECRET": secrets.jwt_secret,
        "DATABASE_URL": _database(taken, secrets, "postgres"),
        "CHROMA_URL": f"http://{ports.HOST}:{taken['chroma']}",
        "QUESTIONS_PER_MINUTE": given.get("QUESTIONS_PER_MINUTE", "0"),  # nobody here has to be kept from asking
        "QUESTIONS_PER_DAY": given.get("QUESTIONS_PER_DAY", "0"),
        "APP_ENV": given.get("APP_ENV", "development"),
        "LOG_LEVEL": given.get("LOG_LEVEL", "INFO"),
        "NO_PROXY": _direct(given),
        "no_proxy": _direct(given),
    }
    if "redis" in taken:
        values["REDIS_URL"] = redis.url(taken["redis"], secrets.redis_password)
    if "models" in taken:
        values |= {
            "TOGETHER_BASE_URL": f"http://{ports.HOST}:{taken['models']}/v1",
            "TOGETHER_API_KEY": MODELS_KEY,
            "EMBEDDING_MODEL": EMBEDDING_MODEL,
            "EMBEDDING_TOKENIZER": str(package.model_folder() / "tokenizer.json"),
            "CHAT_MODEL": f"gguf/{Path(given[OWN_CHAT_MODEL]).stem}" if given.get(OWN_CHAT_MODEL) else CHAT_MODEL,
        }
    return values


def listener(taken: Mapping[str, int], secrets: Secrets, given: Mapping[str, str]) -> dict[str, str]:
    """All that a listener is told, the user's environment included: no key that opens more than its work needs."""
    told = {
        **given,
        **application(taken, secrets, given),
        "SUPABASE_WORKER_TOKEN": worker_token.mint(secrets.jwt_secret, WORKER_DAYS),
    }
    return {name: told[name] for name in told if name not in NOT_FOR_LISTENERS}


def gateway(taken: Mapping[str, int], secrets: Secrets, storage: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The gateway's settings."""
    return plain(given) | {
        "GATEWAY_HOST": ports.HOST,
        "GATEWAY_PORT": str(taken["gateway"]),
        "GATEWAY_ADMIN_DSN": _database(taken, secrets, "supabase_admin"),
        "GATEWAY_AUTHENTICATOR_DSN": _database(taken, secrets, "authenticator"),
        "GATEWAY_AUTH_DSN": _database(taken, secrets, "supabase_auth_admin"),
        "GATEWAY_STORAGE_DSN": _database(taken, secrets, "supabase_storage_admin"),
        "GATEWAY_STORAGE_DIR": str(storage),
        "JWT_SECRET": secrets.jwt_secret,
        "SUPABASE_PUBLISHABLE_KEY": secrets.publishable_key,
        "SUPABASE_SECRET_KEY": secrets.secret_key,
        "LOG_LEVEL": given.get("LOG_LEVEL", "INFO"),
        **({"GATEWAY_SITE_URL": given["FRONTEND_URL"]} if given.get("FRONTEND_URL") else {}),
        **{name: given[name] for name in GATEWAY_CHOICES if given.get(name)},
    }


def models(taken: Mapping[str, int], folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The model server's settings."""
    own = {OWN_CHAT_MODEL: given[OWN_CHAT_MODEL]} if given.get(OWN_CHAT_MODEL) else {}
    return (
        plain(given)
        | own
        | {
            "MODELS_HOST": ports.HOST,
            "MODELS_PORT": str(taken["models"]),
            "MODELS_DIR": str(folder),
        }
    )


def _database(taken: Mapping[str, int], secrets: Secrets, role: str) -> str:
    return postgres.address(taken["postgres"], role, secrets.database_passwords[role])


def _direct(given: Mapping[str, str]) -> str:
    named = given.get("NO_PROXY") or given.get("no_proxy")
    return f"{named},{DIRECT_HOSTS}" if named else DIRECT_HOSTS
