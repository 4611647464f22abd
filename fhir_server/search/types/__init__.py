"""A search type each: how a stored value is indexed and how a query's value is matched."""
