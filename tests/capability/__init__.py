"""The CapabilityStatement and the behaviour agree: all that it lists is asked of the server, and
what R4 has beside it is refused."""
