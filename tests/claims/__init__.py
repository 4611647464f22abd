"""What sections 7, 9 and 11 of the requirements ask for, one claim at a time, with the tests that
show it.

`make claims` prints it. Searching (section 8) has a report of its own, by rows and cells:
`tests/search/report`.
"""
