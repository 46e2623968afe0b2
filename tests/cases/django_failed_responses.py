# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1_fails bytes=900000 line=ALLOC holder=T.response
# LEAK test T.test_2_fails bytes=900000 line=ALLOC holder=T.response
# LEAK test T.test_3_fails bytes=900000 line=ALLOC holder=T.response
# CLEAN test T.test_4_passes
# VERDICT growing T.response
# KIND testcase-attribute T.response
import django
from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["testserver"])
django.setup()

from django.http import HttpResponse
from django.test import SimpleTestCase
from django.urls import path


def export(request):
    return HttpResponse(b"x" * 900_000, content_type="text/csv")  # ALLOC


urlpatterns = [path("export/", export)]


class T(SimpleTestCase):
    def setUp(self):
        self.response = self.client.get("/export/")
        # FIX self.addCleanup(self.__dict__.pop, "response", None)

    def test_1_fails(self):
        self.assertEqual(len(self.response.content), 0)

    def test_2_fails(self):
        self.assertEqual(self.response.status_code, 404)

    def test_3_fails(self):
        self.assertRedirects(self.response, "/login/")

    def test_4_passes(self):
        self.assertEqual(self.response.status_code, 200)
