"""search in a compartment: `Patient/123/Observation?…` (R4 3.1.1.2, `http.html#search`).

The one whose compartment it is has to be within reach, else the store finds nothing in it: what is
out of reach looks like absent.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_server.interactions.call import Call
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Perform
from fhir_server.interactions.search import answer, read_query
from fhir_server.search.compartments import within
from fhir_server.search.expression import conjunction


def search_compartment(compartment: str) -> Perform:
    """The interaction for the compartments of this type."""

    async def search(call: Call) -> Reply:
        owner = f"{compartment}/{call.logical_id}"
        inside = within(compartment, call.logical_id, call.type_name)
        query, subset = read_query(call)
        query = replace(query, where=conjunction(inside, query.where), compartment=owner)
        return await answer(call, query, subset, f"{owner}/{call.type_name}")

    return search
