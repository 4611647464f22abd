"""People by their names and plain values, for the rows of strings and of tokens."""

from __future__ import annotations

from tests.search.rows.row import patient

PEOPLE = [
    patient("eve", name=[{"given": ["Eve"], "family": "Carreño Quiñones"}], gender="female"),
    patient("evelyn", name=[{"given": ["Mary", "Evelyn"], "family": "O'Neil"}], active=True),
    patient("severine", name=[{"given": ["Séverine"], "prefix": ["Dr."]}], gender="male"),
    patient("text", name=[{"text": "Eve van der Berg"}], active=False),
    patient("mueller", name=[{"family": "Müller-Lüdenscheidt"}], birthDate="1970-01-01"),
    patient("strasse", address=[{"line": ["Große Straße 1"], "city": "Köln", "country": "DE"}]),
    patient("comma", name=[{"family": "A,B|C$D\\E"}]),
    patient(
        "tel",
        telecom=[
            {"system": "phone", "value": "+1 555 0100"},
            {"system": "email", "value": "Tel@Example.org", "use": "home"},
        ],
        deceasedDateTime="2020",
    ),
]
