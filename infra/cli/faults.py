"""Which errors are expected, and what a person is told about each."""

import sys

import httpx
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from infra.local.errors import StackError
from schema.errors import RivuletError

UNREACHABLE = (
    "Supabase does not answer. Start the local stack with `rivulet up`, or check SUPABASE_URL and your network."
)
WRONG_KEY = (
    "Supabase refuses the API key. Check SUPABASE_PUBLISHABLE_KEY (or SUPABASE_ANON_KEY) under Project Settings → API "
    "keys in its dashboard; unset SUPABASE_URL to use the local stack."
)
NO_MIGRATIONS = (
    "This Supabase project lacks Rivulet's tables. Run its migrations: supabase link, then supabase db push."
)
NO_BUCKET = (
    'This Supabase project has no bucket "documents", or you may not see it. Rivulet\'s migrations make it: '
    "supabase link, then supabase db push."
)
# https://docs.postgrest.org/en/stable/references/errors.html: unknown function and unknown table.
_UNKNOWN_OBJECT = ("PGRST202", "PGRST205", "42P01")
_SERVER_STATUS = ("502", "503", "504")
NO_DATABASE = "PGRST00"  # group 0: PostgREST cannot reach it
# Or the database starts, stops, has no room or gives up (classes 08, 53, 57, XX).
_DATABASE_DOWN = (NO_DATABASE, "08", "53", "57", "XX")


def is_outage(error: BaseException) -> bool:
    """Whether trying again later may help, because something on the way is down for the moment."""
    match error:
        case httpx.TransportError() | AuthRetryableError() | ConnectionError():
            return True
        case APIError():
            code = str(error.code or "")
            return code in _SERVER_STATUS or (code not in _UNKNOWN_OBJECT and code.startswith(_DATABASE_DOWN))
        case StorageApiError():
            return str(error.status) in _SERVER_STATUS or str(error.status) == "500"
        case AuthApiError():
            return error.status >= 500
    return False


def explain(error: BaseException) -> str | None:
    """What to tell about an error; none for one that nobody expected."""
    match error:
        case RivuletError() | StackError():
            return str(error)
        case BaseExceptionGroup():
            return next((text for inner in error.exceptions if (text := explain(inner))), None)
        case APIError():
            return _explain_data(error)
        case StorageApiError():
            return _explain_storage(error)
        case AuthError() if not is_outage(error):
            return _explain_auth(error)
        case OSError() if not is_outage(error):
            return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
    if _is_of_psycopg(error):
        return f"The database at DATABASE_URL cannot be reached: {str(error).splitlines()[0]}"
    return UNREACHABLE if is_outage(error) else None


def _is_of_psycopg(error: BaseException) -> bool:
    """Whether it is an outage that psycopg tells of, which not everybody has installed."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.OperationalError)


def _explain_data(error: APIError) -> str:
    code = str(error.code or "")
    if is_outage(error):
        return UNREACHABLE
    if code in _UNKNOWN_OBJECT:
        return NO_MIGRATIONS
    if code in ("401", "PGRST301") or "api key" in (error.message or "").lower():
        return WRONG_KEY
    return f"The database refused this ({code}): {error.message}"


def _explain_storage(error: StorageApiError) -> str:
    if is_outage(error):
        return UNREACHABLE
    if "bucket not found" in error.message.lower():
        return NO_BUCKET
    if "api key" in error.message.lower():
        return WRONG_KEY
    return f"Storage refused this ({error.status}): {error.message}"


def _explain_auth(error: AuthError) -> str:
    if "api key" in error.message.lower():
        return WRONG_KEY
    if error.code == "invalid_credentials":
        return "This e-mail and password do not belong together. Sign in again with: rivulet login EMAIL"
    if getattr(error, "status", None) == httpx.codes.NOT_FOUND or "404 Not Found" in error.message:
        return "There is no Supabase project at this address. Check SUPABASE_URL, or unset it to use the local stack."
    return f"Signing in failed: {error.message.rstrip('.')}. Sign in again with: rivulet login EMAIL"
