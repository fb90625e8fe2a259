"""The release station: is the challenger better, and who may say so.

Light modules (no numpy, no pandas): `records`, `aliases`.
The gate itself (`gate.judge`) runs in a worker.
"""

from __future__ import annotations
