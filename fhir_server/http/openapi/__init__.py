"""The OpenAPI 3.1 document of this server, generated from what is registered."""

from fhir_server.http.openapi.document import CORE_TYPES, PUBLISHED, openapi_document

__all__ = ["CORE_TYPES", "PUBLISHED", "openapi_document"]
