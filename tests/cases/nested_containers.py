# mypy: ignore-errors
# RUN unittest
# LEAK test Routes.test_1 bytes=300000 line=ROUTE holder=nested_containers.ROUTES
# LEAK test Routes.test_2 bytes=300000 line=ROUTE holder=nested_containers.ROUTES
# LEAK test Routes.test_3 bytes=300000 line=ROUTE holder=nested_containers.ROUTES
# LEAK test Tree.test_1 bytes=300000 line=LEAF holder=nested_containers.TREE
# LEAK test Tree.test_2 bytes=300000 line=LEAF holder=nested_containers.TREE
# LEAK test Tree.test_3 bytes=300000 line=LEAF holder=nested_containers.TREE
# VERDICT growing nested_containers.ROUTES
# VERDICT growing nested_containers.TREE
import copy
import unittest
import unittest.mock

ROUTES = {"GET": [], "POST": []}
TREE = {"eu": {"de": {}}, "us": {"ny": {}}}


class Routes(unittest.TestCase):
    # FIX nested_containers.ROUTES["GET"].clear() | def setUp(self): self.addCleanup(ROUTES["GET"].clear)

    def add(self):
        ROUTES["GET"].append(bytearray(300_000))  # ROUTE

    test_1 = test_2 = test_3 = add

    def test_4(self):
        self.assertEqual(copy.copy(list(ROUTES)), ["GET", "POST"])


class Tree(unittest.TestCase):
    # FIX mock.patch.dict(nested_containers.TREE, copy.deepcopy(nested_containers.TREE)) | def setUp(self): self.enterContext(unittest.mock.patch.dict(TREE, copy.deepcopy(TREE)))

    def add(self, country, region):
        TREE[country][region][id(self)] = bytearray(300_000)  # LEAF

    def test_1(self):
        self.add("eu", "de")

    def test_2(self):
        self.add("eu", "de")

    def test_3(self):
        self.add("us", "ny")

    def test_4(self):
        self.assertIn("de", TREE["eu"])
