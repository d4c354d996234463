"""What holds for all tests."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell script; children would never hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
