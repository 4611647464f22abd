"""`fhir-server seed` on the whole Synthea folder: its figures, and that repeating is safe."""

from __future__ import annotations

from pathlib import Path

from fhir_server.mongodb.embedded import embedded_mongodb
from tests.data.test_synthea import SYNTHEA, pytestmark
from tests.platform.test_commands import run

__all__ = ["pytestmark"]


def test_the_figures_of_the_contract(tmp_path: Path) -> None:
    with embedded_mongodb(tmp_path / "data", cache_gb=0.5):
        first = run(tmp_path, "seed", str(SYNTHEA))
        assert first.returncode == 0, first.stderr
        assert "17158 entries read, 17126 resources stored (17126 created," in first.stdout
        assert ["Observation", "7539"] in [line.split() for line in first.stdout.splitlines()]
        again = run(tmp_path, "seed", str(SYNTHEA))
        figures = "17158 entries read, 17126 resources stored (0 created, 0 updated, 17126 unch"
        assert figures in again.stdout
