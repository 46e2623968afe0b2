# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_data bytes=400000 line=ALLOC holder=mixed_list.KEEP
# LEAK test T.test_2_generator bytes=400000 line=ALLOC2 holder=mixed_list.KEEP
# LEAK test T.test_3_closure bytes=400000 line=ALLOC3 holder=mixed_list.KEEP
# CLEAN test T.test_4
# VERDICT growing mixed_list.KEEP
# ALONE mixed_list.KEEP
# One list, whatever is in it: one holder.
import unittest

KEEP = []


def chunks():
    data = bytearray(400_000)  # ALLOC2
    yield len(data)
    yield data


class T(unittest.TestCase):
    # FIX KEEP.clear() | def tearDown(self): KEEP.clear()

    def test_1_data(self):
        KEEP.append(bytearray(400_000))  # ALLOC

    def test_2_generator(self):
        made = chunks()
        next(made)
        KEEP.append(made)

    def test_3_closure(self):
        data = bytearray(400_000)  # ALLOC3
        KEEP.append(lambda: data)

    def test_4(self):
        pass
