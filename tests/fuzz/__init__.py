"""Requests at random, by the hundred thousand (`make fuzz`; O1 to O5)."""
