"""One shop a test."""

from __future__ import annotations

from tests.engine.conftest import shop

__all__ = ["shop"]
