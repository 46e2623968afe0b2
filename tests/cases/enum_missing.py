# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=360000 line=ALLOC holder=Status._value2member_map_
# LEAK test T.test_2 bytes=360000 line=ALLOC holder=Status._value2member_map_
# LEAK test T.test_3 bytes=360000 line=ALLOC holder=Status._value2member_map_
# VERDICT growing Status._value2member_map_
# KIND class-attribute Status._value2member_map_
import enum
import unittest.mock


class Status(enum.Enum):
    OK = 200

    @classmethod
    def _missing_(cls, value):
        member = object.__new__(cls)
        member._name_, member._value_ = f"CODE_{value}", value
        member.page = f"<h1>{value}</h1>" * 30_000  # ALLOC
        return cls._value2member_map_.setdefault(value, member)


class T(unittest.TestCase):
    def look(self, code):
        # FIX mock.patch.dict(Status._value2member_map_) | self.enterContext(unittest.mock.patch.dict(Status._value2member_map_))
        self.assertIs(Status(code), Status(code))

    def test_1(self):
        self.look(501)

    def test_2(self):
        self.look(502)

    def test_3(self):
        self.look(503)

    def test_4(self):
        self.assertIs(Status(200), Status.OK)
