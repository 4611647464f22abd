"""What nothing can be searched by, kept apart from what is asked for wrongly (R4 3.1.1.3)."""

from __future__ import annotations

from fhir_server.outcome import FhirError


class UnknownParameter(Exception):
    """Nothing of this name can be searched by; strict handling raises `trouble`."""

    def __init__(self, trouble: FhirError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble
