# mypy: ignore-errors
# RUN pytest
# CLEAN test test_1
# LEAK test test_2 bytes=800000 line=ALLOC holder=smtplib.SMTP
# CLEAN test test_3_monkeypatches
# CLEAN test test_4
# VERDICT once smtplib.SMTP
# KIND module-global smtplib.SMTP
import smtplib


class FakeSMTP:
    def __init__(self):
        self.sent = bytearray(800_000)  # ALLOC

    def __call__(self, host):
        return self


def test_1(monkeypatch):
    # FIX monkeypatch.setattr | monkeypatch.setattr(smtplib, "SMTP", None)
    smtplib.SMTP = FakeSMTP()


def test_2(monkeypatch):
    # FIX monkeypatch.setattr | monkeypatch.setattr(smtplib, "SMTP", None)
    smtplib.SMTP = FakeSMTP()
    assert smtplib.SMTP("localhost").sent


def test_3_monkeypatches(monkeypatch):
    monkeypatch.setattr(smtplib, "SMTP_SSL", FakeSMTP())


def test_4():
    pass
