# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=event_bus.BUS.listeners
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=event_bus.BUS.listeners
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=event_bus.BUS.listeners
# CLEAN test T.test_4
# VERDICT growing event_bus.BUS.listeners
import unittest


class Bus:
    def __init__(self):
        self.listeners = []


BUS = Bus()


class Cart:
    def __init__(self):
        self.rows = bytearray(400_000)  # ALLOC
        BUS.listeners.append(self.on_price)

    def on_price(self):
        self.rows.clear()


class T(unittest.TestCase):
    # FIX BUS.listeners.clear() | def tearDown(self): BUS.listeners.clear()

    def test_1(self):
        Cart()

    def test_2(self):
        Cart()

    def test_3(self):
        Cart()

    def test_4(self):
        pass
