"""Message catalogues: the text that translators edit (messages.po) becomes the binary form that gettext reads (.mo).

The build of a wheel (setup.py), the image (Dockerfile) and `make install` (scripts/install) compile all files. The name of a compiled
file contains the digest of its source, so that one of an older source is never read: such a source is compiled when it is loaded.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "translations"
SOURCE_NAME = "messages.po"


def source_of(folder: Path, language: str) -> Path:
    """The file of a language; it need not exist. language: a tag such as `nl`."""
    return folder / language.replace("-", "_") / "LC_MESSAGES" / SOURCE_NAME


def load(source: Path) -> NullTranslations:
    """The texts of one file; none without it, as for English."""
    if not source.is_file():
        return NullTranslations()
    content = source.read_bytes()
    compiled = _compiled_path(source, content)
    return Translations(io.BytesIO(compiled.read_bytes() if compiled.is_file() else _compile(content)))


def compile_all(folder: Path = FOLDER) -> list[Path]:
    """Compile every file below a folder and remove what was compiled of older sources; the compiled files."""
    made: list[Path] = []
    for source in sorted(folder.glob(f"*/LC_MESSAGES/{SOURCE_NAME}")):
        content = source.read_bytes()
        target = _compiled_path(source, content)
        for old in source.parent.glob("*.mo"):
            if old != target:
                old.unlink()
        target.write_bytes(_compile(content))
        made.append(target)
    return made


def _compiled_path(source: Path, content: bytes) -> Path:
    return source.with_name(f"messages-{hashlib.sha256(content).hexdigest()[:16]}.mo")


def _compile(content: bytes) -> bytes:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(content)))
    return compiled.getvalue()
