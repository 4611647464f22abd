"""Imports point in one direction: the edges of docs/architecture.md, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("fhir_server", "resources", "smart_auth", "seed_bundles")

# Inside fhir_server, from the top: each may import itself and what stands below it. Those of one
# row do not see each other, but for `http`, which the commands start.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"cli"}),
    frozenset({"app"}),
    frozenset({"http"}),
    frozenset({"interactions"}),
    frozenset({"directory", "opening", "seeding"}),
    frozenset({"store"}),
    frozenset({"access"}),
    frozenset({"search"}),
    frozenset({"outcome"}),
)
# Beside the layers: who may import them, and what they may import themselves.
BESIDE = {
    "settings": frozenset({"app", "cli", "http", "opening"}),
    "mongodb": frozenset({"cli"}),
    "master_key": frozenset({"app", "cli", "opening"}),
}
ACROSS = {
    "fhir_server": frozenset({"resources", "smart_auth", "seed_bundles"}),
    "resources": frozenset[str](),
    "smart_auth": frozenset[str](),
    "seed_bundles": frozenset[str](),
}
DRIVERS = {
    "pymongo": ("fhir_server/store", "fhir_server/mongodb", "smart_auth/storage"),
    "bson": ("fhir_server/store", "smart_auth/storage"),
    "mongomotor": ("smart_auth/storage",),
    "mongoengine": ("smart_auth/storage",),
    "motor": (),
}
PURE = ("resources", "fhir_server/search", "fhir_server/access", "seed_bundles")
FRAMEWORKS = frozenset({"fastapi", "starlette", "uvicorn", "httpx", "authlib"})


def sources() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path.relative_to(REPOSITORY).as_posix(), path


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, (_relative_to(path, node.level), node.module)))
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def _relative_to(path: Path, level: int) -> str:
    """The package that the dots of a relative import mean."""
    if level == 0:
        return ""
    return ".".join(path.relative_to(REPOSITORY).parts[:-level])


EDGES = [(name, imported) for name, path in sources() for imported in sorted(imports_of(path))]


def part_of(name: str) -> str:
    """`cli` of `fhir_server/cli/main.py` and of `fhir_server.cli.main`."""
    return name.replace("/", ".").removesuffix(".py").split(".")[1]


def layer_of(part: str) -> int | None:
    return next((level for level, parts in enumerate(LAYERS) if part in parts), None)


def allowed_inside(importer: str, imported: str) -> bool:
    if importer == imported or importer == "__init__":
        return True
    if imported in BESIDE:
        return importer in BESIDE[imported]
    above, below = layer_of(importer), layer_of(imported)
    return above is not None and below is not None and above < below


def test_the_sources_were_found() -> None:
    assert len({name for name, _ in EDGES}) > 40


def test_packages_import_only_the_packages_below() -> None:
    wrong = [
        (name, imported)
        for name, imported in EDGES
        for package in [name.partition("/")[0]]
        for other in [imported.partition(".")[0]]
        if other in PACKAGES and other != package and other not in ACROSS[package]
    ]
    assert wrong == []


def test_layers_import_only_the_layers_below() -> None:
    wrong = [
        (name, imported)
        for name, imported in EDGES
        if name.startswith("fhir_server/") and imported.startswith("fhir_server.")
        if not allowed_inside(part_of(name), part_of(imported))
    ]
    assert wrong == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_only_the_store_knows_the_driver(driver: str) -> None:
    users = {name for name, imported in EDGES if imported.partition(".")[0] == driver}
    assert [name for name in users if not name.startswith(DRIVERS[driver] or ("nobody",))] == []


def test_what_is_pure_imports_no_framework() -> None:
    wrong = [
        (name, imported)
        for name, imported in EDGES
        if name.startswith(PURE) and imported.partition(".")[0] in FRAMEWORKS
    ]
    assert wrong == []


def test_what_starts_alone_starts_light() -> None:
    """The supervisor loads none of the server, on which it must not depend."""
    inner = [
        imported
        for name, imported in EDGES
        if name.startswith("fhir_server/mongodb/") and imported.startswith("fhir_server.")
    ]
    assert [name for name in inner if not name.startswith("fhir_server.mongodb")] == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("http", "store", True),
        ("store", "http", False),
        ("store", "settings", False),
        ("search", "access", False),
        ("http", "settings", True),
        ("interactions", "http", False),
        ("outcome", "search", False),
        ("nowhere", "outcome", False),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert allowed_inside(importer, imported) is allowed
