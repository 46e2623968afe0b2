# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_record bytes=500000 line=ALLOC holder=Registry.records
# LEAK test T.test_2_subclass bytes=500000 line=ALLOC2 holder=Plugin.known
# LEAK test T.test_3_receiver bytes=500000 line=ALLOC3 holder=registries.SAVED.receivers
# CLEAN test T.test_4_local_class
import unittest
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass
class Record:
    data: bytearray = field(default_factory=lambda: bytearray(500_000))  # ALLOC


class Registry:
    records: ClassVar[list] = []


class Plugin:
    known: ClassVar[list] = []

    def __init_subclass__(cls):
        Plugin.known.append(cls)


class Signal:
    def __init__(self):
        self.receivers = []


SAVED = Signal()


class Receiver:
    def __init__(self):
        self.data = bytearray(500_000)  # ALLOC3

    def on_save(self):
        pass


class T(unittest.TestCase):
    def test_1_record(self):
        Registry.records.append(Record())

    def test_2_subclass(self):
        class Extra(Plugin):
            table = bytearray(500_000)  # ALLOC2

    def test_3_receiver(self):
        SAVED.receivers.append(Receiver().on_save)

    def test_4_local_class(self):
        class Local:
            table = bytearray(500_000)

        self.local = Local
