"""How the demo record is written: `python -m seed_bundles.authoring` composes the bundles.

Nothing here runs in the server. The record is told in Python because years of readings are
better told as a course than typed as JSON; the bundles that come out are committed.
"""
