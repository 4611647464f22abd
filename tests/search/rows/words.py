"""`_text` and `_content` (R4 `search.html` 3.1.1.4.15): words, in a type with keys of them and in
one without."""

from __future__ import annotations

from typing import Any

from tests.search.rows.row import Resource, Row, Table


def _narrative(div: str) -> dict[str, Any]:
    return {
        "status": "additional",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>',
    }


def _condition(name: str, /, **elements: object) -> Resource:
    return {
        "resourceType": "Condition",
        "id": name,
        "subject": {"reference": "Patient/p"},
        **elements,
    }


TOLD = [
    _condition("both", text=_narrative("<p>Bone <b>m</b>etastases</p><p>of the liver</p>")),
    _condition("bone", text=_narrative("bone&#32;metastases &amp; more")),
    _condition("cyst", text=_narrative("<!-- bone --><p title='metastases'>A cyst</p>"),
               code={"text": "Cyst of the liver"}),
    _condition("apart", text=_narrative("<p>Liver</p>"), note=[{"text": "Metastases? No."}]),
    _condition("marked", text=_narrative("<table><tr><td>Ödème</td><td>aigu</td></tr></table>")),
    _condition("silent", code={"coding": [{"code": "liver", "display": "Hepatic, acute-phase"}]},
               recorder={"reference": "Practitioner/bone", "display": "Dr Bone-Smith"},
               contained=[{"resourceType": "Practitioner", "id": "c", "name": [{"text": "Ott"}]}],
               extension=[{"url": "http://x.org/cyst", "valueString": "straße"}]),
]  # fmt: skip

TEXT = Table(
    "words of the narrative",
    "Condition",
    TOLD,
    [
        Row("_text=metastases", "both bone"),
        Row("_text=metastases", "both bone", "both apart"),
        Row("_text=metastas"),
        Row("_text=BONE", "both bone"),
        Row("_text=bone metastases", "both bone"),
        Row("_text=metastases%20liver", "both"),
        Row("_text=(bone%20OR%20liver)%20and%20metastases", "both bone"),
        Row("_text=(bone%20OR%20liver)%20and%20metastases", "both bone", "bone apart"),
        Row("_text=bone OR liver", "both bone apart"),
        Row("_text=cyst OR bone liver", "cyst both"),
        Row("_text=liver NOT bone", "apart"),
        Row("_text=not (bone or liver) and not cyst", "marked silent"),
        Row("_text=cyst,liver", "both apart cyst"),
        Row("_text=odeme", "marked"),
        Row("_text=%C3%96D%C3%88ME aigu", "marked"),
        Row("_text=more", "bone"),
        Row("_text=amp"),
        Row("_text=div"),
        Row("_text:missing=true", "silent"),
        Row("_text:missing=true", "silent", "silent cyst"),
        Row("_text:missing=false", "apart bone both cyst marked"),
        Row("_text=metastases&_content=no"),
    ],
)

CONTENT = Table(
    "words of all the text",
    "Condition",
    TOLD,
    [
        Row("_content=metastases", "both bone apart"),
        Row("_content=metastases", "both bone apart", "apart cyst"),
        Row("_content=liver", "both apart cyst"),
        Row("_content=hepatic", "silent"),
        Row("_content=acute-phase hepatic", "silent"),
        Row("_content=bone", "both bone silent"),
        Row("_content=ott strasse", "silent"),
        Row("_content=practitioner"),
        Row("_content=cyst", "cyst"),
        Row("_content=liver&_text=bone", "both"),
        Row("_content:missing=true"),
    ],
)

MEASURED = Table(
    "words that have no keys",
    "Observation",
    [
        {"resourceType": "Observation", "id": "weight", "status": "final",
         "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7",
                              "display": "Body weight"}]},
         "valueQuantity": {"value": 70, "unit": "kilogram"}},
        {"resourceType": "Observation", "id": "height", "status": "final",
         "code": {"text": "Body height"}, "text": _narrative("height of a body")},
        {"resourceType": "Observation", "id": "bare", "status": "final",
         "code": {"coding": [{"code": "body"}]}},
    ],
    [
        Row("_content=body", "weight height"),
        Row("_content=body", "weight height", "weight bare"),
        Row("_content=body weight", "weight"),
        Row("_content=kilogram", "weight"),
        Row("_content=final"),
        Row("_text=body", "height"),
        Row("_text=body", "height", "height weight"),
        Row("_content:missing=true", "bare"),
        Row("_content:missing=true", "bare", "bare weight"),
        Row("_content:missing=false", "weight height"),
    ],
)  # fmt: skip

TABLES = (TEXT, CONTENT, MEASURED)
