"""FHIR XML in and out (R4 `xml.html`), by the element tables and without losing anything that the
JSON form has: digits of decimals, extensions of primitives, the markup of narratives.
"""

from __future__ import annotations

from resources.fhir_xml.reading import MalformedXml, parse
from resources.fhir_xml.writing import dump

__all__ = ["MalformedXml", "dump", "parse"]
