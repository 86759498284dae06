"""What is refused before anything of a request is read, as ASGI around the application.

A server on loopback is reached by every page that the browser shows. So a request must be addressed to this server by a name that
nobody else can own (a foreign page that has its own name resolve to 127.0.0.1 is told by its Host), and must come from this
server's own page, or from no page at all. Beyond loopback it must know the token. Bodies are limited in bytes, alone and together,
and must come at a reasonable pace; so must headers, which `listening` holds to.
"""

import asyncio
import contextlib
import hmac
import http.cookies
import ipaddress
import socket
import time
import urllib.parse

from starlette.responses import RedirectResponse

from gated_inpaint.editor.options import LOOPBACK
from gated_inpaint.editor.problems import Problem

COOKIE = "gated_inpaint_token"
OPEN = ("/health", "/ready")  # They say nothing, and who watches servers has no token.
BYTES_A_SECOND = 64 * 1024
MOST_REQUESTS = 128  # At once.

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Arguments: an ASGI application; `EditorOptions`; `on_end(scope, status, seconds)`, called for each request."""

    def __init__(self, app, options, on_end=lambda scope, status, seconds: None):
        self._app, self._options, self._on_end = app, options, on_end
        self._limit = int(options.max_upload_megabytes * 1e6)
        self._in_flight = self._requests = 0
        self._names = {*LOOPBACK, options.host.lower()}
        self._is_open = options.host not in LOOPBACK
        if self._is_open:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status, arrived = time.monotonic(), 500, 0
        is_read = has_begun = False  # The request's body, to its end; the answer.

        async def answer(message):
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                said = {name for name, _ in message["headers"]}
                extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in said)]
            await send(message)

        async def read():
            nonlocal arrived
            if has_begun:
                return await receive()
            left = began + self._options.upload_patience + arrived / BYTES_A_SECOND - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.01)) if not is_read else await receive()
            except asyncio.TimeoutError:
                raise Problem(408, "The upload came too slowly, and was given up.", Connection="close") from None
            try:
                note(message)
            except Problem:
                await drain()
                raise
            return message

        async def drain():
            """Reads on for a while, and forgets it: who is cut off in the middle of an upload does not get to read why."""
            nonlocal is_read
            end, left = time.monotonic() + self._options.upload_patience, 4 * self._limit
            if any(name == b"expect" for name, _ in scope["headers"]):  # It waits for a word before it sends more.
                return
            with contextlib.suppress(asyncio.TimeoutError):
                while not is_read and left > 0:
                    message = await asyncio.wait_for(receive(), max(end - time.monotonic(), 0.01))
                    left -= len(message.get("body", b""))
                    is_read = message["type"] != "http.request" or not message.get("more_body", False)

        def note(message):
            nonlocal arrived, is_read
            if message["type"] != "http.request":
                return
            length = len(message.get("body", b""))
            arrived += length
            self._in_flight += length
            is_read = is_read or not message.get("more_body", False)
            if arrived > self._limit:
                raise self._too_large()
            if self._in_flight > 4 * self._limit:
                raise Problem(503, "The server holds as many uploads as it may: try again in a while.", Retry_After="10")

        self._requests += 1
        try:
            try:
                response = self._checked(scope)
                if response is None:
                    await self._app(scope, read, answer)
                    return
            except Problem as problem:
                if has_begun:
                    raise
                response = problem.response()
                await drain()
            await response(scope, receive, answer)
        finally:
            self._in_flight -= arrived
            self._requests -= 1
            self._on_end(scope, status, time.monotonic() - began)

    def _too_large(self):
        limit = f"{self._options.max_upload_megabytes:g} MB"
        return Problem(
            413, f"The upload is larger than the limit of {limit}; --max_upload_megabytes raises it.", Connection="close"
        )

    def _checked(self, scope):
        """Raises Problem, or returns a response that is sent instead, or None."""
        if self._requests > MOST_REQUESTS:
            raise Problem(503, "The server answers as many requests as it can: try again in a while.", Retry_After="2")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        name = _host_name(host)
        if not self._is_ours(name):
            raise Problem(403, f"This server is not called {name or 'nothing'}: open it by the address that it printed.")
        origin = headers.get("origin")
        if origin is not None and urllib.parse.urlsplit(origin).netloc.lower() != host.lower():
            raise Problem(403, f"Pages of {origin} may not use this server.")
        is_api = scope["path"].startswith("/api/")
        if is_api and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise Problem(403, "Pages of other servers may not use this one.")
        if headers.get("content-length", "0").isdigit() and int(headers.get("content-length", "0")) > self._limit:
            raise self._too_large()
        return self._without_token(scope, headers)

    def _is_ours(self, name):
        if not self._is_open or name in self._names:
            return name in self._names
        try:
            return bool(ipaddress.ip_address(name))  # An address cannot be made to resolve to another one.
        except ValueError:
            return False

    def _without_token(self, scope, headers):
        token = self._options.token
        if token is None or scope["path"] in OPEN:
            return None
        given = urllib.parse.parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and _same(given, token):
            cookie = f"{COOKIE}={urllib.parse.quote(token)}; Path=/; HttpOnly; SameSite=Strict"
            return RedirectResponse("/", 303, {"Set-Cookie": cookie})
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(value.strip(), token):
            return None
        try:
            cookies = http.cookies.SimpleCookie(headers.get("cookie", ""))
        except http.cookies.CookieError:
            cookies = {}
        if COOKIE in cookies and _same(urllib.parse.unquote(cookies[COOKIE].value), token):
            return None
        raise Problem(
            401,
            "This server asks for its token: open it as /?token=TOKEN, or send Authorization: Bearer TOKEN.",
            WWW_Authenticate="Bearer",
        )


def _same(given, token):
    return hmac.compare_digest(given.encode(), token.encode())


def _host_name(host):
    """A Host header without its port."""
    try:
        return (urllib.parse.urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
