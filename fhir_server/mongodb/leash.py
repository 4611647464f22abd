"""Become another program that ends when its parent does; run by its path, not as a module.

Linux `prctl(2)`: PR_SET_PDEATHSIG survives `execve`. Elsewhere the next supervisor
ends the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    # The parent may have ended before the request.
    if os.getppid() == parent:
        os.execv(program[0], program)  # noqa: S606 (its whole purpose)
