"""search of the whole system: `?_type=Patient,Observation&…` (R4 3.1.1.2, `http.html#search`)."""

from __future__ import annotations

from dataclasses import replace

from fhir_server.interactions.call import Call
from fhir_server.interactions.reply import Reply
from fhir_server.interactions.search import answer, position_of, read_subset, with_subset
from fhir_server.search.mixed import parse_mixed, searched_types


async def search_system(call: Call) -> Reply:
    """A searchset of one page, of all types or of those that `_type` names."""
    return await answer_mixed(call)


async def answer_mixed(call: Call, compartment: str = "") -> Reply:
    """The same in somebody's compartment (`Patient/123`), where one is given."""
    owner = compartment.partition("/")[0]
    types, _ = searched_types(call.parameters, owner)
    filters, subset = read_subset(call, types)
    query = parse_mixed(
        call.store.catalogue,
        filters,
        compartment=compartment,
        strict=call.strict,
        default_count=call.service.default_count,
        max_count=call.service.max_count,
    )
    query = replace(query, whole=with_subset(query.whole, subset))
    page = await call.store.search_mixed(query, cursor=position_of(call))
    return answer(call, query.whole, page, subset, f"{compartment}/*" if compartment else "")
