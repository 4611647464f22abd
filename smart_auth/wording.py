"""What a scope lets an app do, in plain words; the FHIR side may know better words."""

from __future__ import annotations

import re

from smart_auth.directory import ScopeRules
from smart_auth.scopes import ResourceScope, parse_scope

_SPECIAL = {
    "openid": "Confirm who you are",
    "fhirUser": "Know which person in the health record you are",
    "launch/patient": "Know whose record is open",
    "offline_access": "Stay connected when you are not using the app, until you end it",
    "online_access": "Stay connected for as long as you are signed in here",
}

_ACTIONS = (("see", "rs"), ("add", "c"), ("change", "u"), ("delete", "d"))


def scope_in_words(scope: str, rules: ScopeRules) -> str:
    parsed = parse_scope(scope)
    if parsed is None:
        return _SPECIAL.get(scope, scope)
    return rules.describe(scope) or _plainly(parsed)


def _plainly(scope: ResourceScope) -> str:
    """`See and add: care plan`, for types that the FHIR side has no words for."""
    actions = [word for word, letters in _ACTIONS if scope.letters & set(letters)]
    listed = " and ".join(filter(None, [", ".join(actions[:-1]), actions[-1]]))
    spelt = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", scope.type_name).lower()
    what = "everything" if scope.type_name == "*" else spelt
    only = f" (only where {scope.constraint})" if scope.constraint else ""
    return f"{listed.capitalize()}: {what}{only}"
