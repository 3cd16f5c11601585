"""Events as Lambda sends them."""

from ..sockets.conftest import golden

__all__ = ["golden"]
