"""What survives the sudden end of the server, of its MongoDB, of both, and an orderly stop."""
