"""The facts of FHIR R4 as compact tables; `compile` makes them, `registry` reads them."""
