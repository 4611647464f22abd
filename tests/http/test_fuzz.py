"""A short run of `make fuzz` against the server of the tests (O1 to O5)."""

from __future__ import annotations

import pytest

import seed_bundles
from seed_bundles.authoring.elements import ANCHOR
from tests.fuzz.attack import attack
from tests.fuzz.integrity import contents, everything
from tests.fuzz.requests import Generator
from tests.serving import Caller, Served

REQUESTS = 1_500
SEED = 4
TYPES = ("Patient", "Observation", "Appointment", "Communication", "MedicationRequest")


async def test_o1_o4_o5_random_requests_do_no_harm(
    served: Served, system: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    for _, text in seed_bundles.bundles(ANCHOR):
        assert (await system.post("", text)).status_code == 200
    held = await everything(served.base, system.token, TYPES)
    patient = next(each["id"] for each in held if each["resourceType"] == "Patient")
    others = [f"{each['resourceType']}/{each['id']}" for each in held if patient not in str(each)]
    before = await contents(served.base, system.token, others[:100])
    assert before
    writing = await served.token("patient/*.cruds", patient)
    document = (await served.http.get(f"{served.root}/openapi.json")).json()
    generator = Generator(SEED, document, held, served.settings.port)
    secrets = (writing.encode(), system.token.encode())
    findings = await attack(served.base, writing, generator, REQUESTS, secrets)
    assert findings.violations == []
    assert sum(findings.statuses.values()) == REQUESTS
    assert {"2xx", "4xx"} <= {status for _, status in findings.statuses}
    assert await contents(served.base, system.token, others[:100]) == before
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]
    assert not any(secret.decode() in caplog.text for secret in secrets)
