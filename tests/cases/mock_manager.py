# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=350000 line=ALLOC holder=mock_manager.MANAGER or mock_manager.STORE
# LEAK test T.test_2 bytes=350000 line=ALLOC holder=mock_manager.MANAGER or mock_manager.STORE
# LEAK test T.test_3 bytes=350000 line=ALLOC holder=mock_manager.MANAGER or mock_manager.STORE
# VERDICT growing mock_manager.MANAGER or mock_manager.STORE
# KIND mock mock_manager.MANAGER or mock_manager.STORE
import unittest
from unittest import mock

MANAGER = mock.Mock()
STORE = mock.Mock()
MANAGER.attach_mock(STORE, "store")


def setUpModule():
    STORE.put("k", b"")
    STORE.commit()
    MANAGER.reset_mock()


class T(unittest.TestCase):
    # FIX mock_manager.MANAGER.reset_mock() | def tearDown(self): MANAGER.reset_mock()

    def save(self):
        STORE.put("k", bytearray(350_000))  # ALLOC
        STORE.commit()
        self.assertEqual(MANAGER.mock_calls[-1], mock.call.store.commit())

    def test_1(self):
        self.save()

    def test_2(self):
        self.save()

    def test_3(self):
        self.save()
