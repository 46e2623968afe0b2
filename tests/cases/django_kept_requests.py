# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=803000 line=ALLOC holder=django_kept_requests.SEEN
# LEAK test T.test_2 bytes=803000 line=ALLOC holder=django_kept_requests.SEEN
# LEAK test T.test_3 bytes=803000 line=ALLOC holder=django_kept_requests.SEEN
# LEAK test T.test_4 bytes=803000 line=ALLOC holder=django_kept_requests.SEEN
# CLEAN test T.test_5_asks_nothing
# VERDICT growing django_kept_requests.SEEN
import django
from django.conf import settings

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
    ALLOWED_HOSTS=["testserver"],
    MIDDLEWARE=[f"{__name__}.audit"],
)
django.setup()

from django.http import HttpResponse
from django.test import SimpleTestCase
from django.urls import path

SEEN = []


def audit(get_response):
    def middleware(request):
        SEEN.append(request)
        return get_response(request)

    return middleware


urlpatterns = [path("upload/", lambda request: HttpResponse(str(len(request.body))))]


class T(SimpleTestCase):
    def upload(self):
        # FIX SEEN.clear() | self.addCleanup(SEEN.clear)
        self.client.post("/upload/", b"x" * 400_000, content_type="text/plain")  # ALLOC

    def test_1(self):
        self.upload()

    def test_2(self):
        self.upload()

    def test_3(self):
        self.upload()

    def test_4(self):
        self.upload()

    def test_5_asks_nothing(self):
        pass
