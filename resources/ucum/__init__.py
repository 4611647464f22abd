"""Units of measure by UCUM, the Unified Code for Units of Measure (R4 `datatypes.html#quantity`).

`canonical(code)` tells how a value in a unit is said in base units, so that 1 g equals 1000 mg.
"""

from resources.ucum.units import UCUM, Canonical, canonical

__all__ = ["UCUM", "Canonical", "canonical"]
