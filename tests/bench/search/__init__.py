"""`make bench-search`: what the query shapes that matter cost on a store of 1.3 million resources.

A practice of our own making, in two sizes; `shapes` has the queries, `python -m
tests.bench.search --help` what can be set, `docs/performance.md` what is measured and how.
"""
