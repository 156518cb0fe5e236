"""Files that people take along."""

from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header


def download(
    content: str | bytes | Iterable[str | bytes],
    name: str,
    content_type: str,
    *,
    size: int | None = None,
    is_shown: bool = False,
) -> HttpResponseBase:
    """An answer the browser saves under a name, kept by nobody on the way; what comes in pieces is sent in pieces.

    With `size`, the number of bytes, the browser shows how far it is. `is_shown`: it opens the file where it can.
    """
    response = HttpResponse if isinstance(content, str | bytes) else StreamingHttpResponse
    headers = {
        "Content-Disposition": content_disposition_header(not is_shown, name),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if size is not None:
        headers["Content-Length"] = str(size)
    return response(content, content_type=content_type, headers=headers)
