# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=django_signal_partial.order_paid.receivers or order_paid.receivers
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=django_signal_partial.order_paid.receivers or order_paid.receivers
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=django_signal_partial.order_paid.receivers or order_paid.receivers
# VERDICT growing django_signal_partial.order_paid.receivers or order_paid.receivers
import functools
import unittest

from django.dispatch import Signal

order_paid = Signal(use_caching=True)


class Shop:
    pass


def note(ledger, sender, **kwargs):
    ledger["paid"] = True


class T(unittest.TestCase):
    def setUp(self):
        ledger = {"rows": bytearray(300_000)}  # ALLOC
        receiver = functools.partial(note, ledger)
        order_paid.connect(receiver, weak=False)
        # FIX .disconnect(receiver) | self.addCleanup(order_paid.disconnect, receiver)

    def test_1(self):
        order_paid.send(Shop)

    def test_2(self):
        order_paid.send(Shop)

    def test_3(self):
        order_paid.send(Shop)
