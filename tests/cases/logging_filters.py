# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=logging.getLogger('jobs').filters
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=logging.getLogger('jobs').filters
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=logging.getLogger('jobs').filters
# CLEAN test T.test_4_nothing
# VERDICT growing logging.getLogger('jobs').filters
import logging
import unittest


class JobFilter(logging.Filter):
    def __init__(self, job):
        super().__init__()
        self.job = job

    def filter(self, record):
        record.job = len(self.job)
        return True


class T(unittest.TestCase):
    def run_job(self):
        job = bytearray(400_000)  # ALLOC
        job_filter = JobFilter(job)
        logging.getLogger("jobs").addFilter(job_filter)
        # FIX removeFilter | self.addCleanup(logging.getLogger("jobs").removeFilter, job_filter)
        logging.getLogger("jobs").info("started")

    def test_1(self):
        self.run_job()

    def test_2(self):
        self.run_job()

    def test_3(self):
        self.run_job()

    def test_4_nothing(self):
        pass
