"""A short run of `make fuzz` against the server of the tests (O1 to O5)."""

from __future__ import annotations

import pytest

import seed_bundles
from seed_bundles.authoring.elements import ANCHOR
from tests.fuzz.attack import apps, attack
from tests.fuzz.integrity import contents, everything
from tests.fuzz.requests import Generator
from tests.serving import Caller, Served

REQUESTS = 700
SEED = 4
TYPES = ("Patient", "Observation", "Appointment", "Communication", "MedicationRequest")


async def test_o1_o4_o5_random_requests_do_no_harm(
    served: Served, system: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    for _, text in seed_bundles.bundles(ANCHOR):
        assert (await system.post("", text)).status_code == 200
    held = await everything(served.base, system.token, TYPES)
    patients = [each["id"] for each in held if each["resourceType"] == "Patient"][:2]
    others = [
        f"{each['resourceType']}/{each['id']}"
        for each in held
        if not any(patient in str(each) for patient in patients)
    ]
    before = await contents(served.base, system.token, others[:100])
    assert before
    tokens = {each: await served.token("patient/*.cruds", each) for each in patients}
    document = (await served.http.get(f"{served.root}/openapi.json")).json()
    generator = Generator(SEED, document, held, served.settings.port)
    secrets = (*(each.encode() for each in tokens.values()), system.token.encode())
    among = apps(served.base, tokens, held, SEED)
    findings = await attack(served.base, among, generator, REQUESTS, secrets)
    assert findings.violations == []
    assert sum(findings.statuses.values()) == REQUESTS
    assert findings.share("2xx") > 0.25
    assert await contents(served.base, system.token, others[:100]) == before
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]
    assert not any(secret.decode() in caplog.text for secret in secrets)
