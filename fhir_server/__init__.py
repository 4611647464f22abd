"""A FHIR R4 server over MongoDB with its own SMART App Launch authorization server."""
