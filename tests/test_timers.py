"""The program's timers rest while reftrack works."""

from __future__ import annotations

import signal
import time

import pytest

from reftrack import timers

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")


def test_a_timer_does_not_go_off_meanwhile_and_has_the_same_time_left() -> None:
    rang: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5, 60)
        with timers.resting():
            time.sleep(0.7)
            assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert rang == []
        assert 0 < left <= 0.5
        assert interval == pytest.approx(60)
        time.sleep(0.6)
        assert rang == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def test_without_a_timer_there_is_none_afterwards() -> None:
    with timers.resting():
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
