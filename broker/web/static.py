"""Static files under hashed names, compressed once: one stylesheet, two scripts, the company's and applications' images."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, Request, Response, request

from broker.settings.load import Settings
from broker.web import brand, headers

_OWN = Path(__file__).parent / "static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg"}
_IMAGES = ("svg", "png", "jpg")
_LARGEST_IMAGE = 256 * 1024
_PREFIX = "/static/"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: `name` is `page.js`, `address` what pages link to, with ten digits of the body's hash in it."""

    name: str
    body: bytes
    gzipped: bytes | None
    kind: str
    hash: str

    @property
    def address(self) -> str:
        """`page.0123456789.js`"""
        stem, _, ending = self.name.rpartition(".")
        return f"{quote(stem, safe='')}.{self.hash}.{ending}"


class Assets:
    """What the pages link to. The stylesheet and images follow the files of the home: a changed file has a new name."""

    def __init__(self, settings_now: Callable[[], Settings]) -> None:
        self._settings_now = settings_now
        self._scripts = {name: _asset(f"{name}.js", (_OWN / f"{name}.js").read_bytes()) for name in ("page", "passkey")}
        self._base = bootstrap_css() + b"".join((_OWN / name).read_bytes() for name in ("theme.css", "portal.css"))
        self._made: dict[str, tuple[object, Asset]] = {}

    def stylesheet(self) -> str:
        """The address of the one stylesheet."""
        return self._url(self._style())

    def script(self, name: str = "page") -> str:
        """The address of a script: the one of every page, or `passkey`."""
        return self._url(self._scripts[name])

    def company_logo(self) -> str | None:
        """The address of `config/brand/logo.svg` or `.png`, if there is one."""
        return self._image_url("company", brand.LOGOS)

    def company_logo_dark(self) -> str | None:
        """The address of `config/brand/logo-dark.svg` or `.png`, if there is one."""
        return self._image_url("company-dark", brand.DARK_LOGOS)

    def application_logo(self, client_id: str) -> str | None:
        """The address of the logo that the application's file names, if there is one."""
        return self._image_url(f"application-{client_id}", self._application_files(client_id))

    def partner_logo(self, partner: str) -> str | None:
        """The address of `config/brand/partners/PARTNER.svg` or `.png`, if there is one."""
        return self._image_url(f"partner-{partner}", self._partner_files(partner))

    def find(self, stem: str, ending: str) -> Asset | None:
        """The file that an address names, whatever its hash was: during an update two versions are asked for."""
        if ending == "css":
            return self._style() if stem == "style" else None
        if ending == "js":
            return self._scripts.get(stem)
        kind, _, name = stem.partition("-")
        files: tuple[str, ...] = ()
        if stem == "company":
            files = brand.LOGOS
        elif stem == "company-dark":
            files = brand.DARK_LOGOS
        elif kind == "application":
            files = self._application_files(name)
        elif kind == "partner":
            files = self._partner_files(name)
        found = self._image(stem, files)
        return found if found is not None and found.name.endswith("." + ending) else None

    def _application_files(self, client_id: str) -> tuple[str, ...]:
        application = self._settings_now().applications.get(client_id)
        return (application.logo,) if application is not None and application.logo else ()

    def _partner_files(self, partner: str) -> tuple[str, ...]:
        if partner not in self._settings_now().partners:
            return ()
        return tuple(f"{brand.FOLDER}/partners/{partner}.{ending}" for ending in _IMAGES)

    def _style(self) -> Asset:
        home = self._settings_now().home
        return self._remembered("style.css", _stamp(home / brand.THEME), lambda: self._base + brand.stylesheet(home).encode())

    def _image_url(self, stem: str, files: tuple[str, ...]) -> str | None:
        found = self._image(stem, files)
        return None if found is None else self._url(found)

    def _image(self, stem: str, files: tuple[str, ...]) -> Asset | None:
        """The first of the files that is an image inside the home and not too large."""
        home = self._settings_now().home.resolve()
        for relative in files:
            path = (home / relative).resolve()
            ending = path.suffix.removeprefix(".").lower()
            stamp = _stamp(path)
            if ending not in _IMAGES or stamp is None or stamp[1] > _LARGEST_IMAGE or not path.is_relative_to(home):
                continue
            return self._remembered(f"{stem}.{ending}", (path, stamp), path.read_bytes)
        return None

    def _remembered(self, name: str, stamp: object, read: Callable[[], bytes]) -> Asset:
        """The asset, made again when its stamp changed."""
        kept = self._made.get(name)
        if kept is None or kept[0] != stamp:
            kept = self._made[name] = (stamp, _asset(name, read()))
        return kept[1]

    def _url(self, asset: Asset) -> str:
        return urlsplit(self._settings_now().issuer).path.rstrip("/") + _PREFIX + asset.address


def register(app: Flask, assets: Assets) -> None:
    """Serve the assets under /static/."""

    def static(address: str) -> Response:
        stem, _, rest = address.rpartition(".")
        stem, _, sent = stem.rpartition(".")
        found = assets.find(stem, rest)
        if found is None:
            return headers.private(Response("not found\n", 404, mimetype="text/plain"))
        return _answer(request, found, sent == found.hash)

    app.add_url_rule(f"{_PREFIX}<path:address>", "static", static, methods=["GET"])


def bootstrap_css() -> bytes:
    """Bootstrap 5.3's stylesheet, from the installed package, without importing the package."""
    spec = importlib.util.find_spec("flask_bootstrap")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise RuntimeError("the package bootstrap-flask is not installed: run `make install`")
    text = (Path(folders[0]) / "static/bootstrap5/css/bootstrap.min.css").read_bytes()
    return text.partition(b"/*# sourceMappingURL")[0].rstrip() + b"\n"


def _answer(asked: Request, asset: Asset, current: bool) -> Response:
    """The file; without the hash's promise of never changing where the address named another version."""
    packed = asset.gzipped is not None and asked.accept_encodings["gzip"] > 0
    response = Response(asset.gzipped if packed else asset.body, mimetype=asset.kind)
    if asset.gzipped is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    headers.file(response)
    if not current:
        response.headers["Cache-Control"] = "no-cache"
    return response


def _asset(name: str, body: bytes) -> Asset:
    ending = name.rpartition(".")[2]
    gzipped = gzip.compress(body, 9, mtime=0) if ending in ("css", "js", "svg") else None
    return Asset(name, body, gzipped, _TYPES[ending], hashlib.sha256(body).hexdigest()[:10])


def _stamp(path: Path) -> tuple[int, int] | None:
    """Time and size of a file; None if it is not there."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_size
