"""The demo record: FHIR bundles of our own and their manifest."""
