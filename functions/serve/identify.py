"""Who is calling an entry point for people."""

from starlette.requests import Request

from functions.serve.http import bearer
from schema.errors import InvalidTokenError
from schema.serving import People, Person


async def identify(request: Request, people: People) -> Person:
    """The person whose access token the request carries. Raises `InvalidTokenError`."""
    token = bearer(request)
    if token is None:
        raise InvalidTokenError("Send a signed-in person's access token: Authorization: Bearer …")
    return await people.identify(token)
