"""What names, sizes and media types Storage takes."""

import re

from infra.local.gateway.storage.errors import StorageError, invalid

#: Characters that hosted Storage allows in names: those safe in S3 keys; no other alphabet.
KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$@=;:+,?-]{1,1024}")
BUCKET = re.compile(r"[A-Za-z0-9_!.*'() &$@=;:+,?-]{1,100}")
SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)(gb|mb|kb|b)?", re.IGNORECASE)
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
MIME = re.compile(r"[\w!#$&^.+-]+/([\w!#$&^.+-]+|\*)")


def check_key(name: object) -> str:
    """Return an object's name; raises StorageError if it is none that Storage takes."""
    if not isinstance(name, str) or not KEY.fullmatch(name) or name.startswith("/") or name.endswith("/"):
        raise invalid(f"Invalid key: {name if isinstance(name, str) else ''}", "InvalidKey")
    return name


def check_bucket_name(name: object) -> str:
    """Return a new bucket's name; raises StorageError."""
    if not isinstance(name, str) or not BUCKET.fullmatch(name) or name != name.strip():
        raise invalid("Bucket name invalid", "Invalid Input")
    return name


def parse_size(size: object) -> int | None:
    """Return a limit in bytes from a number or a text such as ``20MB``, None for none; raises StorageError."""
    if size is None:
        return None
    match = SIZE.fullmatch(str(size)) if isinstance(size, (int, str)) and not isinstance(size, bool) else None
    if match is None:
        raise invalid("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
    return int(float(match[1]) * UNITS[(match[2] or "").lower()])


def parse_mime_types(types: object) -> list[str] | None:
    """Return a bucket's media types, None for any; raises StorageError."""
    if types is None:
        return None
    if not isinstance(types, list) or not all(isinstance(item, str) and MIME.fullmatch(item) for item in types):
        wrong = (
            next((item for item in types if not isinstance(item, str) or not MIME.fullmatch(item)), "")
            if isinstance(types, list)
            else types
        )
        raise invalid(f"mime type {wrong} is not supported", "invalid_mime_type")
    return types


def check_mime_type(mime: str, allowed: list[str] | None) -> None:
    """Raise StorageError if a bucket does not take the media type."""
    plain = mime.split(";", 1)[0].strip().lower()
    if not allowed or plain in allowed or f"{plain.split('/', 1)[0]}/*" in allowed or "*/*" in allowed:
        return
    raise StorageError(415, "invalid_mime_type", f"mime type {mime} is not supported")
