# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=dispatch_registry.render or render.registry or registry in the closure of singledispatch()
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=dispatch_registry.render or render.registry or registry in the closure of singledispatch()
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=dispatch_registry.render or render.registry or registry in the closure of singledispatch()
# CLEAN test T.test_4
# VERDICT growing dispatch_registry.render or render.registry or registry in the closure of singledispatch()
import functools
import unittest


@functools.singledispatch
def render(value):
    return str(value)


class T(unittest.TestCase):
    def render(self):
        class Page:
            text = bytearray(400_000)  # ALLOC

        render.register(Page, lambda page: len(page.text))
        self.assertEqual(render(Page()), 400_000)

    def test_1(self):
        self.render()

    def test_2(self):
        self.render()

    def test_3(self):
        self.render()

    def test_4(self):
        pass
