"""HW-8: the one form with a file is read strictly; multipart anywhere else is refused."""

from __future__ import annotations

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from broker.domain.errors import BadRequest
from broker.web import body_limit, upload
from broker.web.request import check_text

PATH = "/admin/guests/import"
CSRF = '--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{}\r\n'
FILE = (
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n{}\r\nemail\r\na@b\n\r\n'
)


def asked(body: str | bytes, *, path: str = PATH, kind: str = "multipart/form-data; boundary=b", method: str = "POST") -> Request:
    """A request with this body."""
    raw = body if isinstance(body, bytes) else body.encode("utf-8")
    return Request(EnvironBuilder(path=path, method=method, data=raw, content_type=kind).get_environ())


def test_one_file_and_the_token() -> None:
    """The bytes of the file, as they were sent."""
    request = asked(CSRF.format("token") + FILE.format("") + "--b--\r\n")
    check_text(request)
    assert upload.read(request) == b"email\r\na@b\n"
    assert request.form["csrf"] == "token"
    request.close()
    nothing = FILE.format("").replace("a.csv", "").replace("email\r\na@b\n", "")
    assert upload.read(asked(nothing + "--b--\r\n")) == b""  # a browser sends this where nothing was chosen


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (CSRF.format("x") + "--b--\r\n", "multipart"),
        (FILE.format("") * 2 + "--b--\r\n", "duplicate"),
        (CSRF.format("x") * 2 + FILE.format("") + "--b--\r\n", "duplicate"),
        (FILE.format("").replace('"file"', '"other"') + "--b--\r\n", "field_unknown"),
        (FILE.format("").replace('; filename="a.csv"', "") + "--b--\r\n", "field_unknown"),
        (FILE.format("").replace('"file"', '"csrf"') + "--b--\r\n", "field_unknown"),
        (CSRF.format("x").replace('"csrf"', '"role"') + FILE.format("") + "--b--\r\n", "field_unknown"),
        (FILE.format("Content-Transfer-Encoding: base64\r\n") + "--b--\r\n", "multipart"),
        (FILE.format(""), "multipart"),
        ("", "multipart"),
        ("no parts at all", "multipart"),
        (CSRF.format("x" * 2000) + FILE.format("") + "--b--\r\n", "multipart"),
        (CSRF.format("a\x00b") + FILE.format("") + "--b--\r\n", "encoding"),
        (CSRF.format("x").encode() .replace(b"\r\n\r\nx", b"\r\n\r\n\xff") + FILE.format("").encode() + b"--b--\r\n", "encoding"),
        ("".join(CSRF.format("x").replace("csrf", f"f{n}") for n in range(20)) + FILE.format("") + "--b--\r\n", "multipart"),
    ],
)  # fmt: skip
def test_any_other_body_is_refused(body: str | bytes, reason: str) -> None:
    """The guard refuses it before a handler sees it."""
    with pytest.raises(BadRequest) as refused:
        check_text(asked(body))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "more",
    [
        {"path": "/admin/guests/new"},
        {"path": "/x/admin/guests/import"},
        {"path": f"{PATH}/"},
        {"method": "PUT"},
        {"kind": "multipart/mixed; boundary=b"},
        {"kind": "multipart/form-data"},
        {"kind": f"multipart/form-data; boundary={'b' * 71}"},
    ],
)
def test_multipart_is_opened_for_one_path(more: dict[str, str]) -> None:
    """Every other path, verb and kind of parts."""
    with pytest.raises(BadRequest) as refused:
        check_text(asked(FILE.format("") + "--b--\r\n", **more))
    assert refused.value.reason == "content_type"


def test_the_size_is_bounded() -> None:
    """RX-06: half a megabyte on this path, 64 KiB elsewhere; the server asks before it reads."""
    assert body_limit(b"POST /admin/guests/import HTTP/1.1") == 512 * 1024
    assert body_limit(b"POST /admin/guests/new HTTP/1.1") == 64 * 1024
