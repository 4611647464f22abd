"""Transactions against a plain model, alone and many at once (requirements section 9)."""
