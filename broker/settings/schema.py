"""The JSON Schema of a file: for editors, and to see every key with its default."""

from __future__ import annotations

from typing import Any

from broker.settings.model import MODELS

NAMES = tuple(MODELS)


def schema(name: str) -> dict[str, Any]:
    """The schema of `broker`, `partner`, `application`, `policy` or `federation` (JSON Schema 2020-12). Raises KeyError."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **MODELS[name].model_json_schema()}
