"""What FHIR R4 says: types, elements, search parameters, compartments, validation. Pure."""
