"""Changing a resource by a patch (R4 `http.html#patch`): JSON Patch and FHIRPath Patch.

A patch works on a resource of its own, which is left in an unknown state where the patch fails.
"""

from __future__ import annotations

from resources.patching.fhirpath_patch import apply_fhirpath_patch
from resources.patching.json_patch import apply_json_patch
from resources.patching.trouble import BadPatch, TestFailed

__all__ = ["BadPatch", "TestFailed", "apply_fhirpath_patch", "apply_json_patch"]
