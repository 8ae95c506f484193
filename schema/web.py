"""Documents that are fetched from an address of the web."""

from pydantic import BaseModel, ConfigDict


class Validators(BaseModel):
    """By what a web server and we know that nothing has changed. `hash` is the SHA-256 of the bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hash: str
    etag: str | None = None
    last_modified: str | None = None


class Fetched(Validators):
    """What has been written into a file: `bytes` in number, of the type `mime` by what the server says."""

    bytes: int
    mime: str | None = None


class Unchanged(BaseModel):
    """The web server says that what is known is what it has."""

    model_config = ConfigDict(frozen=True)
