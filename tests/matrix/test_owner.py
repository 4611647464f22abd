"""Y0 and Y2: the owner finds and reads all of his own, and nothing else, over all pages."""

from __future__ import annotations

import pytest

from tests.matrix.rules import HIDDEN, readable
from tests.matrix.world import STORED, World, everything, ids
from tests.matrix.woven import A, B


@pytest.mark.parametrize("type_name", STORED)
async def test_y0_an_open_search_is_exactly_the_record(world: World, type_name: str) -> None:
    stored = await world.current(type_name)
    for caller, patient in ((world.a, A), (world.b, B)):
        found = await everything(caller, f"{type_name}?_count=7")
        assert ids(found) == ids([one for one in stored if readable(one, patient)])
    for one in stored:
        answer = await world.a.get(f"{type_name}/{one['id']}")
        assert answer.status_code == (200 if readable(one, A) else 404)
        world.clean(answer)
    own = [one for one in stored if readable(one, A)]
    assert (type_name in HIDDEN) != bool(own)
