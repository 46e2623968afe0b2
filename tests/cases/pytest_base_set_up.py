# mypy: ignore-errors
# RUN pytest
# LEAK test TestA::test_1 bytes=300000 line=ALLOC holder=TestA.buffer
# LEAK test TestA::test_2 bytes=300000 line=ALLOC holder=TestA.buffer
# LEAK test TestB::test_1 bytes=300000 line=ALLOC holder=TestB.buffer
# LEAK test TestB::test_2 bytes=300000 line=ALLOC holder=TestB.buffer
# VERDICT growing TestA.buffer
# VERDICT growing TestB.buffer
OPEN = []


class Base:
    def setup_method(self):
        self.buffer = bytearray(300_000)  # ALLOC
        OPEN.append(1)

    def teardown_method(self):
        OPEN.pop()
        # FIX in Base.teardown_method: self.__dict__.pop("buffer", None) | self.__dict__.pop("buffer", None)

    def test_1(self):
        assert len(OPEN) == 1

    def test_2(self):
        assert len(OPEN) == 1


class TestA(Base):
    pass


class TestB(Base):
    pass
