"""The `Prefer` header (RFC 7240; R4 `http.html#ops` 3.1.0.1.7 and `search.html` 3.1.1.3.1)."""

from __future__ import annotations

from typing import Final

from fhir_server.interactions.call import Preference, Return

_NONE: Final = Preference()
_HANDLING: Final = {"strict": True, "lenient": False}
_RETURN: Final = {choice.value: choice for choice in Return}


def preference(header: str | None) -> Preference:
    """What is asked; an unknown preference is ignored (RFC 7240 section 2)."""
    if header is None:
        return _NONE
    asked: dict[str, str] = {}
    for part in header.replace(";", ",").split(","):
        name, _, value = part.partition("=")
        asked.setdefault(name.strip().lower(), value.strip().strip('"'))
    return Preference(
        content=_RETURN.get(asked.get("return", "")),
        strict=_HANDLING.get(asked.get("handling", "")),
    )
