"""Every file people take along is sent the same way."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from nocode.foundation.downloads import download


@pytest.mark.parametrize(
    ("content", "kind"), [("text", HttpResponse), (b"bytes", HttpResponse), (iter(["a", "b"]), StreamingHttpResponse)]
)
def test_what_comes_in_pieces_is_sent_in_pieces(content, kind):
    answer = download(content, "a.csv", "text/csv; charset=utf-8")

    assert type(answer) is kind
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers


def test_no_name_breaks_out_of_its_header():
    answer = download("", 'é "a"\r\nSet-Cookie: x=1', "text/plain")

    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=utf-8''%C3%A9%20%22a%22%0D%0ASet-Cookie%3A%20x%3D1"
    )


def test_a_picture_is_shown_and_its_size_is_told():
    answer = download(iter([b"GIF", b"89a"]), "a.gif", "image/gif", size=6, is_shown=True)

    assert answer.headers["Content-Disposition"] == 'inline; filename="a.gif"'
    assert answer.headers["Content-Length"] == "6"
