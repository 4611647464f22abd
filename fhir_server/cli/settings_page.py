"""`docs/settings.md`, made from the settings class: `python -m fhir_server.cli.settings_page`."""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from fhir_server.settings import PREFIX, Settings

HEAD = f"""# Settings

Generated from `fhir_server/settings.py`; `make docs` writes it anew.

Each setting is an option of `fhir-server serve` (`--access-token-lifetime 600`), a variable of the
environment (`{PREFIX}ACCESS_TOKEN_LIFETIME=600`) and a key of the TOML file named by `--config` or
`{PREFIX}CONFIG` (`access_token_lifetime = 600`). They count in this order, before the default; an
unknown variable or key is refused. The other commands take those that say where the store is.
`fhir-server config` prints every value and where it came from.

`data_dir` and `mongodb_uri` exclude each other; the nearest source that names one of them decides.

| setting | type | default | meaning |
| --- | --- | --- | --- |
"""
TYPES = {SecretStr: "URI (secret)", Path: "path", str: "text", int: "number", float: "number"}


def settings_page() -> str:
    """The whole page."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return HEAD + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default is None else f"`{_toml(field.default)}`"
    return f"| `{name}` | {_type_of(field.annotation)} | {default} | {field.description} |"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_of(annotation: Any) -> str:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    return "`true` or `false`" if annotation is bool else TYPES[annotation]


if __name__ == "__main__":
    sys.stdout.write(settings_page())
