"""The failing handler in an environment whose guard is taken away."""

import sys

from telling import handler  # type: ignore[import-not-found]  # beside this file

sys.modules["__main__"].without_values = str  # type: ignore[attr-defined]  # the bootstrap's own

__all__ = ["handler"]
