"""``/rest/v1``: from an HTTP request to its answer."""

from typing import Any

from starlette.types import Receive, Scope, Send

from infra.local.gateway.callers import Caller, headers_of
from infra.local.gateway.data_api.errors import ApiError, NotInCacheError, of_database, unsupported
from infra.local.gateway.data_api.execute import execute
from infra.local.gateway.data_api.parse_query import parse_query
from infra.local.gateway.data_api.payload import parse_json, parse_rows
from infra.local.gateway.data_api.plan import Plan, Wish, plan_call, plan_delete, plan_insert, plan_read, plan_update
from infra.local.gateway.data_api.preferences import parse_accept, parse_prefer, parse_range
from infra.local.gateway.data_api.query import Query
from infra.local.gateway.data_api.respond import Answer, respond
from infra.local.gateway.data_api.schema import Picture, Schema
from infra.local.gateway.data_api.schema_cache import SchemaCache
from infra.local.gateway.http import BodyTooLargeError, read_body, send_answer
from infra.local.gateway.keys import InvalidToken, Keyring
from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.wire import DatabaseError, DatabaseLostError

PREFIX = "/rest/v1"
BODY_MAX = 32 * 1024 * 1024  # bytes
READS = ("GET", "HEAD")


class DataApi:
    """The ASGI application of the Data API."""

    def __init__(self, pool: Pool, cache: SchemaCache, keyring: Keyring, max_rows: int) -> None:
        self._pool, self._cache, self._keyring, self._max_rows = pool, cache, keyring, max_rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = headers_of(scope["headers"])
        try:
            body = await read_body(receive, headers, BODY_MAX)
            answer = await self._answer(scope, headers, body)
        except BodyTooLargeError as error:
            answer = _refusal(ApiError(413, "PGRST100", str(error)))
        if scope["method"] == "HEAD":
            answer.body = b""
        await send_answer(send, answer.status, answer.headers, answer.body)

    async def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        anonymous = True
        try:
            caller = self._caller(scope, headers)
            anonymous = caller.role == "anon"
            request = Request(scope["method"], scope["path"].removeprefix(PREFIX), scope["query_string"], headers, body)
            return await self._perform(request, caller)
        except InvalidToken as error:
            return _refusal(_token_error(error))
        except ApiError as error:
            return _refusal(error)
        except DatabaseError as error:
            refused, asked = of_database(error, anonymous)
            return _refusal(refused, asked)
        except DatabaseLostError as error:
            return _refusal(
                ApiError(503, "PGRST001", "Database client error. Retrying the connection.", str(error)),
                {"retry-after": "1"},
            )
        except PoolExhaustedError as error:
            return _refusal(ApiError(504, "PGRST003", str(error)))

    def _caller(self, scope: Scope, headers: dict[str, str]) -> Caller:
        claims = self._keyring.claims_of(headers.get("apikey"), headers.get("authorization"))
        return Caller(claims, scope["method"], scope["path"].removeprefix(PREFIX), headers)

    async def _perform(self, request: "Request", caller: Caller) -> Answer:
        """Plan and run; a name that is not known may be younger than the picture, so look once more."""
        picture = await self._cache.picture()
        try:
            plan = request.plan(picture, self._max_rows)
        except NotInCacheError:
            picture = await self._cache.reload_after_miss()
            plan = request.plan(picture, self._max_rows)
        preferences = request.preferences
        outcome = await execute(self._pool, caller, plan, picture.timeout_of(caller.role), preferences.max_affected)
        return respond(plan, outcome, preferences, request.accept, request.profile(picture), request.name)


class Request:
    """One request, parsed; raises ApiError if it is malformed."""

    def __init__(self, method: str, path: str, query_string: bytes, headers: dict[str, str], body: bytes) -> None:
        self._method, self._headers, self._body = method, headers, body
        self.function, self.name = _target(path, method)
        self.preferences = parse_prefer(headers.get("prefer", ""))
        self.accept = parse_accept(headers.get("accept", ""))
        self._query = parse_query(query_string, self.function and method in READS)
        if method in READS or self.function:
            _narrow(self._query, headers.get("range"))

    def profile(self, picture: Picture) -> str:
        """Return the schema that the request means; raises ApiError if it is not exposed."""
        exposed = list(picture.schemas)
        name = self._headers.get("accept-profile" if self._method in READS else "content-profile", exposed[0])
        if name not in exposed:
            raise ApiError(
                406,
                "PGRST106",
                f"Invalid schema: {name}",
                None,
                f"Only the following schemas are exposed: {', '.join(exposed)}",
            )
        return name

    def plan(self, picture: Picture, max_rows: int) -> Plan:
        """Return what to run, as the picture has it; raises ApiError."""
        schema = picture.schemas[self.profile(picture)]
        wish = Wish(self.preferences, self.accept, picture.max_rows or max_rows)
        if self.function:
            return self._plan_call(schema, wish)
        if self._method in READS:
            return plan_read(schema, self.name, self._query, wish)
        if self._method == "DELETE":
            return plan_delete(schema, self.name, self._query, wish)
        payload = parse_rows(self._body, self._headers.get("content-type", ""), self._query.columns)
        make = plan_insert if self._method == "POST" else plan_update
        return make(schema, self.name, self._query, payload, wish)

    def _plan_call(self, schema: Schema, wish: Wish) -> Plan:
        if self._method in READS:
            names = frozenset(name for name, _ in self._query.arguments)
            return plan_call(schema, self.name, self._query, None, names, wish)
        raw = self._body or b"{}"
        document: Any = parse_json(raw)
        names = frozenset(document) if isinstance(document, dict) else frozenset()
        return plan_call(schema, self.name, self._query, raw, names, wish)


def _target(path: str, method: str) -> tuple[bool, str]:
    """Return whether a function is meant, and the name of it or of the table; raises ApiError."""
    parts = path.strip("/").split("/")
    if parts == [""]:
        raise ApiError(404, "PGRST126", "Root endpoint metadata is disabled")
    function = len(parts) == 2 and parts[0] == "rpc"
    if len(parts) > 1 and not function:
        raise ApiError(404, "PGRST125", "Invalid path specified in request URL")
    if function and method not in ("GET", "HEAD", "POST"):
        raise ApiError(405, "PGRST101", f"Cannot use the {method} method on RPC")
    if method == "PUT":
        raise unsupported("PUT; use POST with Prefer: resolution=merge-duplicates")
    if method not in ("GET", "HEAD", "POST", "PATCH", "DELETE"):
        raise ApiError(405, "PGRST117", f"Unsupported HTTP method: {method}")
    return function, parts[-1]


def _narrow(query: Query, header: str | None) -> None:
    """Apply a ``Range`` header within the limit and offset of the query string."""
    offset, limit = parse_range(header)
    root = query.root
    root.offset = max(root.offset, offset)
    if limit is not None:
        root.limit = limit if root.limit is None else min(root.limit, limit)


def _token_error(error: InvalidToken) -> ApiError:
    if error.reason in ("expired", "expiry", "claims"):
        message = "JWT expired" if error.reason == "expired" else str(error)
        return ApiError(401, "PGRST303", message)
    if error.reason in ("signature", "signer"):
        return ApiError(
            401, "PGRST301", "No suitable key or wrong key type", "None of the keys was able to decode the JWT"
        )
    return ApiError(401, "PGRST301", str(error))


def _refusal(error: ApiError, headers: dict[str, str] | None = None) -> Answer:
    sent = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    if error.status == 401:
        sent.setdefault("www-authenticate", "Bearer")
    return Answer(error.status, error.body(), sent)
