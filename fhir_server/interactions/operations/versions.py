"""`$versions`: the versions of FHIR that are spoken (R4 `capabilitystatement-operations.html`)."""

from __future__ import annotations

from typing import Final

from fhir_server.interactions.call import Call
from fhir_server.interactions.operations.input import Input
from fhir_server.interactions.operations.output import parameters_reply
from fhir_server.interactions.reply import Reply

_R4: Final = "4.0"


async def versions(_call: Call, _given: Input) -> Reply:
    """R4 alone."""
    return parameters_reply(
        {"name": "version", "valueCode": _R4}, {"name": "default", "valueCode": _R4}
    )
