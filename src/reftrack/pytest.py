"""`Releasing`, for plain pytest classes: pytest keeps their instances to the end of the process.

    class TestInvoice(reftrack.pytest.Releasing):
        def setup_method(self):
            self.user = User.objects.get(pk=1)  # goes when the test is over

It needs no run under reftrack: the pytest plugin does the work, which is there where reftrack is
installed. For classes of unittest take `reftrack.unittest`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Releasing"]


class Releasing:
    """What tests set on `self` goes after their last fixture's teardown, what is set on the class
    (`setup_class`, `request.cls`) when none of its tests is left and its fixtures are torn down.

    `release_only` limits this to values of types in the named modules or packages, or containers
    of such.
    """

    release_only: ClassVar[str | tuple[str, ...]] = ()
