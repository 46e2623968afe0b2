# mypy: ignore-errors
# RUN pytest
# LEAK test test_make[1] bytes=300000 line=ALLOC holder=fixture make_user (module) or made in the closure of
# LEAK test test_make[2] bytes=300000 line=ALLOC holder=fixture make_user (module) or made in the closure of
# LEAK test test_make[3] bytes=300000 line=ALLOC holder=fixture make_user (module) or made in the closure of
# VERDICT growing fixture make_user (module) or made in the closure of
# KIND fixture fixture make_user (module) or made in the closure of
import pytest


class User:
    def __init__(self, name):
        self.name, self.photo = name, bytes(300_000)  # ALLOC

    def delete(self):
        self.photo = None


@pytest.fixture(scope="module")
def make_user():
    made = []

    def make(name):
        made.append(User(name))
        return made[-1]

    yield make
    for user in made:
        user.delete()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_make(make_user, n):
    assert make_user(f"u{n}").photo
