"""Strings (Q1, R4 3.1.1.4.8): the start of each part, whatever its case and accents."""

from __future__ import annotations

from tests.search.rows.people import PEOPLE
from tests.search.rows.row import Row, Table, patient

NAMES = Table(
    "names and addresses",
    "Patient",
    PEOPLE,
    [
        Row("given=eve", "eve evelyn"),
        Row("given=eve", "eve evelyn", "evelyn severine"),
        Row("given=EVE", "eve evelyn"),
        Row("given=evel", "evelyn", "evelyn eve"),
        Row("given=evelynn"),
        Row("given:contains=eve", "eve evelyn severine"),
        Row("given:contains=velyn", "evelyn", "evelyn eve"),
        Row("given:contains=mary evelyn"),
        Row("given:exact=Eve", "eve"),
        Row("given:exact=Eve", "eve", "eve evelyn"),
        Row("given:exact=eve"),
        Row("given=severine", "severine"),
        Row("given:exact=S%C3%A9verine", "severine"),
        Row("given:exact=Severine"),
        Row("name=eve", "eve evelyn text"),
        Row("name=dr", "severine"),
        Row("name=quinones", "eve"),
        Row("name=Carreno", "eve"),
        Row("name=eno"),
        Row("family=Qui%C3%B1ones", "eve"),
        Row("family=oneil", "evelyn"),
        Row("family=O%27Neil", "evelyn"),
        Row("family=m%C3%BCller", "mueller"),
        Row("family=mullerlu", "mueller"),
        Row("family:contains=denscheid", "mueller"),
        Row("phonetic=eve", "eve evelyn text"),
        Row("name=eve&gender=female", "eve"),
        Row("name=eve&gender=female", "eve", "eve evelyn"),
        Row("name=eve&gender=male"),
        Row("name=mary&name=evelyn", "evelyn"),
        Row("name=quinones,oneil", "eve evelyn"),
        Row("name=quinones,oneil", "eve evelyn", "evelyn text"),
        Row("name=nobody,none"),
        Row("family=A\\,B", "comma"),
        Row("family:exact=A\\,B\\|C\\$D\\\\E", "comma"),
        Row("family:exact=A\\,B\\|C\\$D"),
        Row("address=grosse", "strasse"),
        Row("address-city=koln", "strasse"),
        Row("address-city:exact=K%C3%B6ln", "strasse"),
        Row("address=DE", "strasse"),
        Row("name:missing=true", "strasse tel"),
        Row("name:missing=true", "strasse tel", "tel text"),
        Row("name:missing=false", "comma eve evelyn mueller severine text"),
    ],
)

ACCENTS = Table(
    "letters of one and of two characters",
    "Patient",
    [
        patient("composed", name=[{"given": ["S\u00e9bastien"], "family": "Nguy\u1ec5n"}]),
        patient("decomposed", name=[{"given": ["Se\u0301bastien"],
                                     "family": "Nguye\u0302\u0303n"}]),
        patient("plain", name=[{"given": ["SEBASTIEN"], "family": "NGUYEN"}]),
        patient("sharp", name=[{"given": ["Strau\u00df"], "family": "\u0130stanbul"}]),
        patient("greek", name=[{"given": ["\u039f\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2"],
                                "family": "\uff21lpha"}]),
    ],
    [
        Row("given=s%C3%A9bas", "composed decomposed plain"),
        Row("given=se%CC%81bas", "composed decomposed plain"),
        Row("given=sebas", "composed decomposed plain", "plain sharp"),
        Row("family=nguyen", "composed decomposed plain"),
        Row("given:contains=BASTI", "composed decomposed plain"),
        Row("given:exact=SEBASTIEN", "plain", "plain composed"),
        Row("given=strauss", "sharp"),
        Row("given=STRAU%C3%9F", "sharp"),
        Row("family=istan", "sharp"),
        Row("given=%CE%9F%CE%94%CE%A5%CE%A3%CE%A3%CE%95%CE%A5%CE%A3", "greek"),
        Row("family=alpha", "greek"),
        Row("name:missing=true"),
    ],
)  # fmt: skip

TABLES = (NAMES, ACCENTS)
