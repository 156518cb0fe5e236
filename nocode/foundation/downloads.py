"""Files that people take along."""

from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header


def download(content: str | bytes | Iterable[str | bytes], name: str, content_type: str) -> HttpResponseBase:
    """An answer the browser saves under a name, kept by nobody on the way; what comes in pieces is sent in pieces."""
    response = HttpResponse if isinstance(content, str | bytes) else StreamingHttpResponse
    headers = {
        "Content-Disposition": content_disposition_header(True, name),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return response(content, content_type=content_type, headers=headers)
