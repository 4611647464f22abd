"""The access matrix: every interaction of the table × kinds of token × two patients' targets.

The rows come from the table itself, so that a new interaction without a probe fails here.
"""

from __future__ import annotations

import pytest
import pytest_asyncio

from fhir_server.interactions.row import Body, Row
from fhir_server.interactions.table import TABLE
from tests.matrix.callers import KINDS, Kind
from tests.matrix.probes.probe import TYPES, Probe, Versions
from tests.matrix.probes.table import PROBES
from tests.matrix.world import World


def name(row: Row) -> str:
    return f"{row.method} {row.path or '/'}"


def test_every_interaction_has_a_probe() -> None:
    assert {(row.code, row.method, row.path) for row in TABLE} == set(PROBES)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def versions(world: World) -> Versions:
    return {type_name: await world.versions(type_name) for type_name in TYPES}


FEW = ("no token", "patient all", "patient s", "granular", "user as staff", "system reads")
"""Who asks by form what everybody asks by address: a form only carries the parameters."""


def asked() -> list[tuple[Row, Kind]]:
    return [
        (row, kind)
        for kind in KINDS
        for row in TABLE
        if row.body is not Body.FORM or kind.name in FEW
    ]


def test_those_who_ask_by_form_are_kinds() -> None:
    assert set(FEW) <= {kind.name for kind in KINDS}


@pytest.mark.parametrize(
    ("row", "kind"), [pytest.param(r, k, id=f"{k.name}-{name(r)}") for r, k in asked()]
)
async def test_z1_z2_z4_y1_matrix(world: World, versions: Versions, row: Row, kind: Kind) -> None:
    asker = await world.caller(kind)
    await PROBES[row.code, row.method, row.path](Probe(world, kind, asker, versions))
    await world.tidy()
