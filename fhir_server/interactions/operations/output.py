"""What an operation answers (R4 3.2.0.2): a `Parameters`, or a resource alone."""

from __future__ import annotations

from typing import Any

from fhir_server.interactions.reply import Reply
from resources import fhir_json


def parameters_reply(*parameters: dict[str, Any]) -> Reply:
    """The `Parameters` with these in it."""
    return Reply(200, fhir_json.dump({"resourceType": "Parameters", "parameter": parameters}))
