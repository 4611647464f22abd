"""What is proved of searching, as tables, from the same data as the tests."""
