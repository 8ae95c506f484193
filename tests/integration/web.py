"""A web server that answers as a test wants, over real sockets."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

PAGE = b"<html><title>Weir</title><body><h1>The weir</h1><p>Anton Falk built the weir in 1903.</p></body></html>"
TAG = '"weir-1"'


class Web:
    """Counts what it is asked; `page` is what it has at /page, as `status` says."""

    def __init__(self) -> None:
        self.page, self.tag, self.status = PAGE, TAG, 200
        self.asked: list[str] = []
        self.sent: list[str] = []
        paths: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/page": self._page,
            "/status/{status:int}": self._status,
            "/redirect": self._redirect,
            "/hops/{left:int}": self._hops,
            "/gzip": self._gzip,
            "/cut": self._cut,
            "/bomb": self._bomb,
            "/unannounced": self._unannounced,
            "/slow": self._slow,
            "/br": self._brotli,
            "/cookie": self._cookie,
        }
        self.app = Starlette(routes=[Route(path, handler) for path, handler in paths.items()])

    async def _page(self, request: Request) -> Response:
        self._note(request)
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304)
        self.sent.append(request.url.path)
        headers = {"etag": self.tag} if self.tag else {}
        return Response(self.page, self.status, headers, "text/html; charset=utf-8")

    async def _status(self, request: Request) -> Response:
        return Response(b"no", request.path_params["status"])

    async def _redirect(self, request: Request) -> Response:
        self._note(request)
        return RedirectResponse(request.query_params["to"])

    async def _hops(self, request: Request) -> Response:
        left = request.path_params["left"]
        return RedirectResponse(f"/hops/{left - 1}" if left else "/page")

    async def _gzip(self, _: Request) -> Response:
        return Response(gzip.compress(PAGE), headers={"content-encoding": "gzip"})

    async def _cut(self, _: Request) -> Response:
        return Response(gzip.compress(PAGE)[:-20], headers={"content-encoding": "gzip"})

    async def _bomb(self, _: Request) -> Response:
        packer = zlib.compressobj(9, wbits=31)
        body = b"".join(packer.compress(bytes(1024**2)) for _ in range(256)) + packer.flush()
        return Response(body, headers={"content-encoding": "gzip"})

    async def _unannounced(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 65536

        return StreamingResponse(pieces())

    async def _slow(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"x"
            await asyncio.Event().wait()

        return StreamingResponse(pieces())

    async def _brotli(self, _: Request) -> Response:
        return Response(b"x", headers={"content-encoding": "br"})

    async def _cookie(self, request: Request) -> Response:
        answer = RedirectResponse("/page")
        answer.set_cookie("session", "secret")
        return answer

    def _note(self, request: Request) -> None:
        self.asked.append(f"{request.headers['host']}{request.url.path} {request.headers.get('cookie', '')}".strip())
