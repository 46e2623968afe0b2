# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=mail.outbox or django.core.mail.outbox
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=mail.outbox or django.core.mail.outbox
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=mail.outbox or django.core.mail.outbox
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=mail.outbox or django.core.mail.outbox
# CLEAN test T.test_5_sends_nothing
# VERDICT growing mail.outbox or django.core.mail.outbox
# Django's own test cases empty the outbox; unittest's do not.
import unittest

from django.conf import settings

settings.configure(
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    DEFAULT_FROM_EMAIL="shop@example.org",
)

from django.core import mail


class T(unittest.TestCase):
    def send_invoice(self):
        message = mail.EmailMessage("Invoice", "attached", to=["a@example.org"])
        message.attach("invoice.pdf", b"x" * 400_000, "application/pdf")  # ALLOC
        message.send()
        # FIX mail.outbox.clear() | self.addCleanup(mail.outbox.clear)
        self.assertEqual(mail.outbox[-1].subject, "Invoice")

    def test_1(self):
        self.send_invoice()

    def test_2(self):
        self.send_invoice()

    def test_3(self):
        self.send_invoice()

    def test_4(self):
        self.send_invoice()

    def test_5_sends_nothing(self):
        pass
