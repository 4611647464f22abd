"""What is doubtful about extensions (R4 `extensibility.html`), whose definitions are not known."""

from __future__ import annotations

from collections.abc import Callable

from resources.fhir_json import Resource
from resources.validation.members import text
from resources.validation.problem import Run


def extension_advice(*, is_modifier: bool) -> Callable[[Resource, str, Run], None]:
    """Of one that stands at an element; those inside of it may have relative URLs."""

    def check(members: Resource, path: str, run: Run) -> None:
        url = text(members, "url")
        if not run.advises or url is None:
            return
        if ":" not in url:
            run.advise(f"{path}.url", "value", f"{url[:120]!r} should be an absolute URL")
        if is_modifier:
            told = f"{url[:200]!r} changes what the element means in a way not known here"
            run.advise(path, "extension", told)

    return check
