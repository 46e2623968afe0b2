# mypy: ignore-errors
# RUN pytest
# LEAK test TestApi::test_1 bytes=400000 line=ALLOC holder=TestApi.response
# LEAK test TestApi::test_2 bytes=400000 line=ALLOC holder=TestApi.response
# LEAK test TestApi::test_3 bytes=400000 line=ALLOC holder=TestApi.response
# LEAK test TestFiles::test_1 bytes=400000 line=ALLOC2 holder=TestFiles._lines
# LEAK test TestFiles::test_2 bytes=400000 line=ALLOC2 holder=TestFiles._lines
# CLEAN test TestFiles::test_3
# CLEAN test TestLocal::test
# VERDICT growing TestApi.response
# VERDICT growing TestFiles._lines
# KIND testcase-attribute TestApi.response
# KIND testcase-attribute TestFiles._lines


def get(path):
    return {"path": path, "body": bytearray(400_000)}  # ALLOC


class TestApi:
    # FIX self.__dict__.pop("response", None) | def teardown_method(self): del self.response
    def test_1(self):
        self.response = get("/1")
        assert self.response["path"] == "/1"

    def test_2(self):
        self.response = get("/2")

    def test_3(self):
        self.response = get("/3")


class TestFiles:
    # FIX self.__dict__.pop("_lines", None) | def teardown_method(self): del self._lines
    def setup_method(self):
        self._lines = []

    def read(self):
        self._lines += (bytearray(100_000) for _ in range(4))  # ALLOC2

    def test_1(self):
        self.read()

    def test_2(self):
        self.read()

    def test_3(self):
        assert not self._lines


class TestLocal:
    def test(self):
        response = get("/local")
        assert response
