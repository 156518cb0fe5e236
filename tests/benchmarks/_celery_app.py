"""Celery on Redis, as it comes."""

import os

from celery import Celery

from tests.benchmarks import _queue_plain

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
noop = app.task(name="noop", ignore_result=True)(_queue_plain.do_nothing)
stamp = app.task(name="stamp", ignore_result=True)(_queue_plain.tell_time)
