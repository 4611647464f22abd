"""Tables of (query, expected ids) over small sets that straddle the boundaries, as data."""
