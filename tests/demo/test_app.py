"""The demo app's sources: pinned, free of inline code and foreign hosts, and well worded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from resources.registry import REGISTRY

APP = Path(__file__).parents[2] / "fhir_server/http/app"
SOURCES = sorted((APP / "src").rglob("*.js"))
PAGES = [APP / "index.html", APP / "missing.html"]


def test_versions_are_pinned_and_no_lock_file_names_a_host() -> None:
    versions = json.loads((APP / "package.json").read_text())["dependencies"]
    assert versions.keys() == {"chart.js", "fhirclient", "esbuild-wasm"}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert "package-lock=false" in (APP / ".npmrc").read_text()
    assert not (APP / "package-lock.json").exists()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_sources_never_read_text_as_html_or_code(source: Path) -> None:
    risky = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|"
        r"setAttribute\(.style"
    )
    assert re.findall(risky, source.read_text()) == []


class Outline(HTMLParser):
    """What of a page would break under `script-src 'self'; style-src 'self'`."""

    def __init__(self) -> None:
        super().__init__()
        self.breaches: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.breaches.append(tag)
        self.breaches += [f"{tag} {name}" for name in given if name == "style" or name[:2] == "on"]
        linked = [given.get("src"), given.get("href")]
        self.breaches += [link for link in linked if link and re.match(r"(\w+:)?//", link)]
        self.ids += [value for name, value in attrs if name == "id" and value]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_have_no_inline_code_and_no_foreign_address(page: Path) -> None:
    outline = Outline()
    outline.feed(page.read_text())
    assert outline.breaches == []


def test_page_has_what_the_script_and_the_browser_test_look_for() -> None:
    outline = Outline()
    outline.feed((APP / "index.html").read_text())
    wanted = set(re.findall(r'part\("([\w-]+)"\)', (APP / "src/main.js").read_text()))
    assert wanted <= set(outline.ids)
    assert {"sign-in", "sign-out", "change-patient", "landing-notice", "record"} <= wanted


NOON = {"now": "2026-11-21T12:00:00"}

WORDED: list[tuple[list[Any], str]] = [
    (["day", "2026-11-05T23:30:00-07:00"], "Nov 5, 2026"),
    (["day", "2026-11"], "2026-11"),
    (["day", None], ""),
    (["dayAndTime", "2026-11-24T09:00:00-07:00"], "Tuesday, Nov 24, 2026, 9:00 AM"),
    (["age", "2019-04-07", NOON], "7 years"),
    (["age", "2019-11-22", NOON], "6 years"),
    (["age", "2025-10-21", NOON], "13 months"),
    (["age", None, NOON], ""),
    (["label", {"coding": [{"code": "x", "display": "Cough"}]}], "Cough"),
    (["label", {"text": "Dry cough", "coding": [{"display": "Cough"}]}], "Dry cough"),
    (["label", None, "Unknown"], "Unknown"),
    (["quantity", {"value": 7.1, "unit": "%"}], "7.1 %"),
    (["money", {"value": 45, "currency": "USD"}], "$45.00"),
    (["officialName", {"name": [{"text": "Bo"}, {"use": "official", "family": "X"}]}], "X"),
    (["isRestricted", {"meta": {"security": [{"code": "R"}]}}], "true"),
]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_values_read_as_a_patient_would_say_them() -> None:
    asked = json.dumps([call for call, _ in WORDED])
    answer = subprocess.run(
        ["node", Path(__file__).with_name("words_cases.mjs")],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    said = [
        json.dumps(each) if isinstance(each, bool) else each for each in json.loads(answer.stdout)
    ]
    # Newer versions of Unicode's data put a narrow space before AM.
    assert [text.replace("\u202f", " ") for text in said] == [expected for _, expected in WORDED]


@pytest.mark.skipif(not (APP / "dist").exists(), reason="the demo app is not built")
def test_built_app_is_whole_and_small() -> None:
    built = {path.name: path.stat().st_size for path in (APP / "dist").iterdir()}
    assert {"index.html", "app.js", "app.css", "icon.svg"} <= built.keys()
    assert 100_000 < built["app.js"] < 350_000


_SEARCH = re.compile(r'search\("(\w+)", \{([^}]*)\}')


def test_every_search_of_the_app_is_one_that_the_registry_knows() -> None:
    searches = [found for path in SOURCES for found in _SEARCH.findall(path.read_text())]
    assert len(searches) >= 13
    for type_name, given in searches:
        names = {"patient", *re.findall(r"\b([a-z]\w*)(?=:|,|$)", re.sub(r'"[^"]*"', "", given))}
        sorts = set(re.findall(r'_sort: "-([\w-]+)"', given))
        unknown = (names | sorts) - REGISTRY.parameters(type_name).keys()
        assert unknown == set(), (type_name, unknown)
