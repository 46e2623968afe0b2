"""Whatever starts the tests, the programs that they run can be interrupted."""

from __future__ import annotations

import signal

# A shell's background job has SIGINT ignored, and so would all that it starts: a handler of our own
# becomes the default action again in what is executed from here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
