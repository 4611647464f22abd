"""Each type of parameter by the specification's words alone, straight from the resource.

Slow and plain, and without a line of the server's code.
"""
