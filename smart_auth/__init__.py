"""Who is calling and what they were given: the SMART App Launch authorization server."""
