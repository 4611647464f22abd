"""URIs (R4 3.1.1.4.13)."""

from __future__ import annotations


def uri(element: str, modifier: str, value: str) -> bool:
    """Below is what begins so; above is what the value begins with, at the end of a part."""
    if modifier == "below":
        return element.startswith(value)
    if modifier == "above":
        host = element.startswith("http://") and element.rstrip("/") != "http:"
        return host and (value == element or value.startswith(element.rstrip("/") + "/"))
    return value in (element, element.partition("|")[0])
