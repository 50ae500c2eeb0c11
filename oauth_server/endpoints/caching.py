"""Answers that are the same for everybody: ETag, max-age, 304 (RFC 9110 §13.1.2, RFC 9111)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def cacheable(request: HttpRequest, octets: bytes, etag: str, content_type: str, max_age: int) -> HttpResponse:
    """The octets, or 304 when the caller has them.

    Args:
        request: its ``If-None-Match`` is honoured.
        octets: the body.
        etag: with its quotes.
        content_type: the media type.
        max_age: seconds that anybody may keep it.
    """
    wanted = {tag.strip().removeprefix("W/") for tag in request.META.get("HTTP_IF_NONE_MATCH", "").split(",")}
    fresh = etag in wanted or "*" in wanted
    response = HttpResponse(b"" if fresh else octets, content_type=content_type, status=304 if fresh else 200)
    if fresh:
        del response["Content-Type"]
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age}"
    return response
