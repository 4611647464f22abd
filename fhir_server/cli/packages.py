"""Whether the packages with common names are ours, and not another distribution's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import fhir_server
from fhir_server.cli.failure import CommandFailure

COMPANIONS = ("resources", "smart_auth", "seed_bundles")


def check_companions() -> None:
    """Refuse to start on strangers: our packages lie side by side."""
    home = Path(fhir_server.__path__[0]).resolve().parent
    for name in COMPANIONS:
        spec = find_spec(name)
        places = list(spec.submodule_search_locations or [spec.origin]) if spec else []
        if not places or Path(str(places[0])).resolve().parent != home:
            where = f"is another one ({places[0]})" if places else "is missing"
            raise CommandFailure(
                f"The Python package {name!r} {where}: install fhir-server into an environment "
                "of its own."
            )
