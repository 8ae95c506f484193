"""Error bodies of Storage. Their ``statusCode`` tells the fault; HTTP's own status is 400 for most, as on hosted."""

import errno
import logging

import orjson

from infra.local.gateway.http import BodyTooLargeError
from infra.local.gateway.keys import InvalidToken
from infra.local.gateway.pools import PoolExhaustedError
from infra.local.gateway.wire import DatabaseError, DatabaseLostError

logger = logging.getLogger(__name__)


class StorageError(Exception):
    """A request was refused; ``http_status`` is what HTTP says, ``status`` what the body says."""

    def __init__(self, status: int, error: str, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.http_status = status, error, message, http_status

    def body(self) -> bytes:
        """Return the JSON body. ``error`` is the older name of the fault, ``code`` the newer, which clients look at."""
        code = CODES.get(self.error, self.error)
        document = {"statusCode": str(self.status), "code": code, "error": self.error, "message": self.message}
        return orjson.dumps(document)


#: Storage's error codes, where they differ from the text in ``error``.
CODES = {
    "Bucket not found": "NoSuchBucket",
    "not_found": "NoSuchKey",
    "Not found": "NoSuchKey",
    "Unauthorized": "AccessDenied",
    "Duplicate": "ResourceAlreadyExists",
    "Payload too large": "EntityTooLarge",
    "invalid_mime_type": "InvalidMimeType",
    "Invalid Input": "InvalidBucketName",
    "no_file_provided": "InvalidRequest",
    "Error": "InvalidRequest",
}


#: What an endpoint turns into an answer; anything else is a fault of the gateway.
EXPECTED = (
    StorageError,
    DatabaseError,
    OSError,
    InvalidToken,
    BodyTooLargeError,
    DatabaseLostError,
    PoolExhaustedError,
)


def no_bucket() -> StorageError:
    """Return the error of a bucket that is not there, or not visible."""
    return StorageError(404, "Bucket not found", "Bucket not found")


def no_object() -> StorageError:
    """Return the error of an object that is not there, or not visible."""
    return StorageError(404, "not_found", "Object not found")


def denied(message: str = "new row violates row-level security policy") -> StorageError:
    """Return the error of something that row level security forbids."""
    return StorageError(403, "Unauthorized", message)


def duplicate() -> StorageError:
    """Return the error of a name that is taken."""
    return StorageError(409, "Duplicate", "The resource already exists")


def invalid(message: str, error: str = "InvalidRequest") -> StorageError:
    """Return the error of a request that is malformed."""
    return StorageError(400, error, message)


def too_large() -> StorageError:
    """Return the error of an object above its bucket's limit."""
    return StorageError(413, "Payload too large", "The object exceeded the maximum allowed size")


def not_supported(what: str) -> StorageError:
    """Return the refusal of something that hosted Supabase can do and this gateway cannot."""
    return StorageError(501, "NotSupported", f"{what} is not supported by this local gateway", 501)


def no_space() -> StorageError:
    """Return the error of a full disk."""
    return StorageError(
        507,
        "InsufficientStorage",
        "There is no space left for objects. Free some on the disk of the storage folder.",
        507,
    )


def of_database(error: DatabaseError) -> StorageError:
    """Return a database error as Storage shows it."""
    if error.sqlstate == "42501":  # a trigger's own words are passed on
        return denied() if "row-level security" in error.message else denied(error.message)
    if error.sqlstate == "22023" and error.message.startswith("role "):  # a token's role that there is not
        return denied(error.message)
    if error.sqlstate == "23505":
        return duplicate()
    if error.sqlstate == "23503":
        return StorageError(404, "InvalidRequest", "The related resource does not exist")
    if error.sqlstate in ("55P03", "40P01"):
        return StorageError(423, "ResourceLocked", "The resource is locked")
    if error.sqlstate == "53100":
        return no_space()
    if error.sqlstate in ("22021", "22P05"):  # text that PostgreSQL cannot hold, such as a zero character
        return invalid(error.message)
    logger.error("storage: the database refused a statement: %s %s", error.sqlstate, error.message)
    return StorageError(500, "DatabaseError", error.message, 500)


def of_disk(error: OSError) -> StorageError:
    """Return a failure of the disk as Storage shows it; no trace of the object is left by then."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space()
    logger.error("storage: the disk refused: %s", error)
    return StorageError(500, "InternalError", "The object could not be stored or read on the server's disk", 500)


def of_token(error: InvalidToken) -> StorageError:
    """Return a refused token as Storage shows it."""
    told = {
        "expired": '"exp" claim timestamp check failed',
        "signature": "signature verification failed",
        "malformed": "Invalid Compact JWS",
        "key": "Invalid Compact JWS",
    }
    if error.reason == "missing":
        return StorageError(400, "Error", "headers must have required property 'authorization'")
    return StorageError(403, "Unauthorized", told.get(error.reason, str(error)))


def of_any(error: Exception) -> StorageError:
    """Return one of the expected errors as Storage shows it."""
    match error:
        case StorageError():
            return error
        case DatabaseError():
            return of_database(error)
        case InvalidToken():
            return of_token(error)
        case BodyTooLargeError():
            return StorageError(413, "Payload too large", str(error), 413)
        case OSError():
            return of_disk(error)
    return StorageError(503, "DatabaseError", "The database is not reachable. Try again in a moment.", 503)
