"""`make bench`: what a request costs, beside a floor that makes the same MongoDB calls.

`docs/performance.md` says what is measured and how; `python -m tests.bench --help` what can be set.
"""
