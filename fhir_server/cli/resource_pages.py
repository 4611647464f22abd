"""The tables of `docs/resources`, from what can be searched by and what is indexed:
`python -m fhir_server.cli.resource_pages docs/resources`. Prose and examples are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from fhir_server.search.catalogue import Catalogue
from fhir_server.search.described import looks_at, modifiers_in_words
from fhir_server.search.folding import PAIRS
from fhir_server.search.indexes import indexes
from fhir_server.search.main_dates import MAIN_DATE
from resources.registry import SearchParameter

_PART: Final = re.compile(r"(<!-- generated: (\w+)[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
_EXAMPLE: Final = re.compile(r"^\| `([\w-]+)` \|.*\| ([^|]*(?:\\\|[^|]*)*) \|$", re.MULTILINE)
_HEAD: Final = (
    "| parameter | type | looks at | modifiers | example |\n| --- | --- | --- | --- | --- |"
)


def rewritten(page: str, type_name: str, catalogue: Catalogue) -> str:
    """The page with its tables as they are now."""
    examples = dict(_EXAMPLE.findall(page))
    parts = {
        "parameters": parameters_table(type_name, catalogue, examples),
        "indexes": indexes_table(type_name),
    }
    return _PART.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n\n{found[3]}", page)


def parameters_table(type_name: str, catalogue: Catalogue, examples: dict[str, str]) -> str:
    rows = [
        f"| `{parameter.name}` | {parameter.type} | {_looks_at(parameter, type_name)} "
        f"| {modifiers_in_words(modifiers)} | {examples.get(parameter.name, '')} |"
        for parameter, modifiers in catalogue.supported_parameters(type_name)
    ]
    return "\n".join([_HEAD, *rows])


def _looks_at(parameter: SearchParameter, type_name: str) -> str:
    said = looks_at(parameter, type_name)
    standard = not parameter.expression or parameter.url.startswith("http://hl7.org/")
    return said if standard else f"{said}; our own"


def indexes_table(type_name: str) -> str:
    rows = [
        f"| `{index.name}` | {', '.join(f'`{field}`' for field, _ in index.fields)} "
        f"| {index.reason} |"
        for index in indexes(type_name)
    ]
    pairs = " and ".join(
        " + ".join(f"`{name}`" for name in pair) for pair in PAIRS.get(type_name, ())
    )
    facts = [f"The main date, which the index `keys` is ordered by, is `{MAIN_DATE[type_name]}`."]
    if pairs:
        facts.append(f"Asked for together as whole values, {pairs} are one key.")
    return "\n".join(["| index | fields | for |", "| --- | --- | --- |", *rows, "", *facts])


def main(folder: Path) -> None:
    for file in sorted(folder.glob("*.md")):
        page = file.read_text("utf-8")
        file.write_text(
            rewritten(page, file.stem, Catalogue("http://127.0.0.1:8000/fhir")), "utf-8"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
