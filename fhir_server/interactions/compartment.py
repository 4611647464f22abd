"""search in a compartment: `Patient/123/Observation?…`, and of all its types: `Patient/123/*?…`
(R4 3.1.1.2, `http.html#search`).

The one whose compartment it is has to be within reach, else the store finds nothing in it: what is
out of reach looks like absent.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_server.interactions.call import Call
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.row import Perform
from fhir_server.interactions.search import answer, position_of, read_query
from fhir_server.interactions.system import answer_mixed
from fhir_server.search.compartments import within
from fhir_server.search.expression import conjunction


def search_compartment(compartment: str) -> Perform:
    """Of one type in the compartments of this one."""

    async def search(call: Call) -> Reply:
        owner = f"{compartment}/{call.logical_id}"
        inside = within(compartment, call.logical_id, call.type_name)
        query, subset = read_query(call)
        query = replace(query, where=conjunction(inside, query.where), compartment=owner)
        page = await call.store.search(query, cursor=position_of(call))
        return answer(call, query, page, subset, f"{owner}/{call.type_name}")

    return search


def search_whole_compartment(compartment: str) -> Perform:
    """Of all types, or those of `_type`, in the compartments of this one."""

    async def search(call: Call) -> Reply:
        return await answer_mixed(call, f"{compartment}/{call.logical_id}")

    return search
