"""How the tests are spread over several processes, each with a MongoDB and servers of its own."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/matrix", "tests/browser", "tests/clients")
"""Folders whose tests share a server that takes long to fill."""
FIRST = (
    *TOGETHER,
    "tests/capability",
    "tests/crash",
    "tests/platform",
    "tests/data",
    "tests/store",
)
"""What takes longest, so that no process has much left when the others have ended."""


def together(nodeid: str) -> str:
    """What one process runs as a whole: a folder of those above, else a module."""
    module = nodeid.partition("::")[0]
    return next((each for each in TOGETHER if module.startswith(f"{each}/")), module)


def turn(nodeid: str) -> int:
    """The place of a test among those that are taken up first."""
    found = (number for number, each in enumerate(FIRST) if nodeid.startswith(f"{each}/"))
    return next(found, len(FIRST))


class Spreading(LoadScopeScheduling):
    """Hands out what belongs together; `--no-loadscope-reorder` keeps the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
