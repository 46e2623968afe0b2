# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test A.test_2 bytes=600000 line=ALLOC holder=A.client
# LEAK test B.test_1 bytes=600000 line=ALLOC holder=B.client
# CLEAN test A.test_1
# CLEAN test C.test_1
# VERDICT once A.client
# VERDICT once B.client
# VERDICT runner C.client
# KIND class-attribute A.client
# Since Django 5.2 the client is the class's: that of each class's last test stays.
import django
from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["testserver"])
django.setup()

from django.http import HttpResponse
from django.test import SimpleTestCase
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse(request.headers["Cart"][:10]))]


class Shop(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # FIX cls.addClassCleanup(delattr, cls, "client")

    def buy(self):
        self.client.defaults["HTTP_CART"] = "x" * 600_000  # ALLOC
        self.assertEqual(self.client.get("/").content, b"x" * 10)


class A(Shop):
    def test_1(self):
        self.buy()

    def test_2(self):
        self.buy()


class B(Shop):
    def test_1(self):
        self.buy()


class C(SimpleTestCase):
    def test_1(self):
        self.client.get("/", headers={"cart": "x"})
