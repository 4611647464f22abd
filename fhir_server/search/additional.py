"""From a SearchParameter resource to what can be searched by (R4 `searchparameter.html`).

What cannot become one is refused with what would do. A resource that is not `active` is a document
like any other and is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from fhir_server.outcome import Category, FhirError, Issue
from fhir_server.search.fields import UNIONS
from fhir_server.search.suited import SUITED
from resources.expressions import At, Child, Step, UnsupportedExpression, alternatives
from resources.extraction import ends
from resources.fhir_json import Resource
from resources.registry import REGISTRY, SearchParameter

KNOWN_SHAPES: Final = (
    "paths, unions (|), as, ofType, where(element = 'text'), where(resolve() is Type), "
    "extension('url') and an index"
)
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_MOST_CHARACTERS: Final = 2000
_MOST_STEPS: Final = 12
_MOST_OPEN_CHOICES: Final = 2
"""Steps `value` in one path; each may be of fifty types, with an extension in every one."""


def is_active(resource: Resource) -> bool:
    """Whether it is a parameter to be searched by, rather than a document about one."""
    return resource.get("status") == "active"


def read_parameter(
    resource: Resource, known: Mapping[str, SearchParameter] | None = None
) -> SearchParameter:
    """The parameter that a valid SearchParameter resource defines.

    `known` are the parameters, by url, that components may name; without it they are not looked
    up. Raises BUSINESS_RULE with everything that is wrong.
    """
    made = SearchParameter(
        name=resource["code"],
        type=resource["type"],
        url=resource["url"],
        bases=_concrete(resource["base"]),
        expression=resource.get("expression"),
        targets=_concrete(resource.get("target", ())),
        components=tuple(
            (part["definition"], part["expression"]) for part in resource.get("component", ())
        ),
        multiple_or=resource.get("multipleOr", True),
    )
    judged = _Judging(made)
    judged.all(known)
    if judged.issues:
        raise FhirError(Category.BUSINESS_RULE, tuple(judged.issues))
    return made


def clash(parameter: SearchParameter) -> SearchParameter | None:
    """The standard parameter that has the same name on one of the types."""
    for base in parameter.bases:
        there = REGISTRY.parameter(base, parameter.name)
        if there is not None and there.url != parameter.url:
            return there
    return None


def _concrete(named: Iterable[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for name in named:
        match name:
            case "Resource":
                found |= set(REGISTRY.endpoints)
            case "DomainResource":
                found |= {each for each in REGISTRY.endpoints if REGISTRY.base(each) == name}
            case _:
                found.add(name)
    return tuple(sorted(found))


class _Judging:
    """What is wrong with a parameter."""

    def __init__(self, made: SearchParameter) -> None:
        self.made = made
        self.issues: list[Issue] = []

    def wrong(self, element: str, text: str) -> None:
        place = f"SearchParameter.{element}"
        self.issues.append(Issue("error", "business-rule", text, place))

    def all(self, known: Mapping[str, SearchParameter] | None) -> None:
        made = self.made
        self.code()
        if unknown := [base for base in made.bases if base not in REGISTRY.endpoints]:
            self.wrong("base", f"{', '.join(unknown)}: no type of resource that is stored here.")
        elif made.type == "special":
            text = "How a parameter of type special matches would have to be programmed; one of "
            self.wrong("type", f"{text}{', '.join(SUITED)} or composite can be added.")
        elif made.type == "composite":
            self.composite(known)
        else:
            self.expression()

    def code(self) -> None:
        name = self.made.name
        if not _CODE.fullmatch(name):
            text = "cannot be a parameter's name: a letter, then letters, digits and hyphens, at "
            self.wrong("code", f"{name!r} {text}most 64.")
        if there := clash(self.made):
            text = f"There is a standard search parameter {name} already, {there.url}"
            self.wrong("code", f"{text}; choose another code, or keep it as a draft.")

    def expression(self) -> None:
        made, suited = self.made, SUITED[self.made.type]
        for base, text, types in self.paths():
            if types and not types & suited:
                found = ", ".join(sorted(types)[:5])
                self.wrong(
                    "expression",
                    f"{text} leads to {found} on {base}, and a parameter of type {made.type} looks "
                    f"at {', '.join(sorted(suited))}.",
                )
        if made.type == "reference" and not made.targets:
            text = "Say to which types it refers, so that chains and includes can follow it."
            self.wrong("target", text)

    def paths(self) -> list[tuple[str, str, frozenset[str]]]:
        """Base, text and the types at its end, of each path of the expression."""
        expression = self.made.expression or ""
        if problem := _unusable(expression):
            self.wrong("expression", problem)
            return []
        found: list[tuple[str, str, frozenset[str]]] = []
        for base in self.made.bases:
            of_base = ends(expression, base)
            found += [(base, text, types) for text, types in of_base]
            if not of_base:
                self.wrong("expression", f"No path speaks of {base}: begin one with {base}.")
        for base, text, types in found:
            if not types:
                self.wrong("expression", f"{text} leads to no element of {base}.")
        return found

    def composite(self, known: Mapping[str, SearchParameter] | None) -> None:
        self.paths()
        if len(self.made.components) < 2:
            text = "A composite needs two components or more, each a definition and an expression."
            self.wrong("component", text)
        for at, (url, expression) in enumerate(self.made.components):
            if problem := _unusable(expression):
                self.wrong(f"component[{at}].expression", problem)
            if known is not None and (problem := self._unjoinable(known.get(url))):
                self.wrong(f"component[{at}].definition", f"{url} {problem}.")

    def _unjoinable(self, whole: SearchParameter | None) -> str | None:
        if whole is None:
            return "is no search parameter here"
        if whole.type not in SUITED:
            return f"is of type {whole.type}, which cannot be a component"
        if any((base, whole.name) in UNIONS for base in self.made.bases):
            return "finds what others find; name those as components"
        missing = sorted(set(self.made.bases) - set(whole.bases))
        return f"is no search parameter of {', '.join(missing[:5])}" if missing else None


def _unusable(expression: str) -> str | None:
    """Why the FHIRPath cannot be compiled here."""
    if not expression.strip():
        return "A parameter needs an expression, which says where its values are."
    if len(expression) > _MOST_CHARACTERS:
        return f"It is longer than {_MOST_CHARACTERS} characters."
    try:
        paths = alternatives(expression)
    except UnsupportedExpression as unsupported:
        return f"{unsupported} is not understood; of FHIRPath, {KNOWN_SHAPES} can be used here."
    if any(len(path) > _MOST_STEPS for path in paths):
        return f"A path has more than {_MOST_STEPS} steps."
    if any(path.count(Child("value")) > _MOST_OPEN_CHOICES for path in paths):
        return f"A path goes through value more than {_MOST_OPEN_CHOICES} times."
    if any(_index_out_of_place(path) for path in paths):
        return "An index can stand after the name of an element only."
    return None


def _index_out_of_place(path: tuple[Step, ...]) -> bool:
    befores = (None, *path)
    return any(
        isinstance(step, At) and not isinstance(before, Child)
        for step, before in zip(path, befores, strict=False)
    )
