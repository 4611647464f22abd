"""A write that reached the store late, indexed by what was known before another publication.

Documents are walked when every write of before has arrived, by the clock. A process that stood
still meanwhile, or waited for a connection, would write a document that lacks keys after the walk
has passed. So whoever writes looks again before saying that it is done: what was heard then is at
most `PATIENCE` old, so that a publication which is not known yet has its walk still before it.
"""

from __future__ import annotations

from datetime import datetime

from fhir_server.outcome import FhirError
from fhir_server.search.catalogue import Catalogue
from fhir_server.store.database import Database
from fhir_server.store.reindexing import walk
from fhir_server.store.trouble import outcome_unknown


async def keep_findable(database: Database, catalogue: Catalogue, began: datetime) -> None:
    """After a write that was indexed by this catalogue, and before its acknowledgement."""
    try:
        await database.keep_up()
        if database.catalogue is not catalogue:
            await _index_again(database, catalogue, began)
    except FhirError:
        raise outcome_unknown() from None


async def _index_again(database: Database, catalogue: Catalogue, began: datetime) -> None:
    """What was written since, by whomever, of the types whose parameters are others now."""
    changed = set(catalogue.additional) ^ set(database.catalogue.additional)
    bases = {base for each in changed for base in each.bases}
    for type_name in bases.intersection(await database.stored_types()):
        async for _ in walk(database, type_name, type_name, since=began):
            pass
