"""Errors as RFC 9457 has them: JSON of a status, a title and a sentence that says what is wrong and what to do."""

import http

from starlette.responses import JSONResponse


class Problem(Exception):  # noqa: N818 (the standard's word)
    """Ends a request with a status and a sentence."""

    def __init__(self, status, sentence, kind="about:blank", **headers):
        super().__init__(sentence)
        self.status, self.sentence, self.kind = status, sentence, kind
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self):
        body = {"type": self.kind, "title": http.HTTPStatus(self.status).phrase, "status": self.status, "detail": self.sentence}
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


def not_held(what):
    """A photo, result or job that the server no longer has; the page brings photos back by itself."""
    return Problem(404, f"The server no longer holds this {what}: open the photo again.", "urn:gated-inpaint:not-held")
