"""Whether 32 octets are a point of Ed25519 that a signature key may be (RFC 8032 5.1.3)."""

from __future__ import annotations

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def is_usable_point(raw: bytes) -> bool:
    """A canonical point of the curve, and not one of the few of small order.

    OpenSSL looks only when it verifies; a point of small order would accept signatures that nobody made.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)  # the highest bit is the sign of x
    if y >= _P:
        return False
    square = _x_squared(y)
    if square == 0 or pow(square, (_P - 1) // 2, _P) != 1:  # x = 0 is of order 1 or 2, whatever the sign bit says
        return False
    return not _is_of_small_order(y)


def _x_squared(y: int) -> int:
    """From -x² + y² = 1 + d x² y²."""
    return (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P


def _is_of_small_order(y: int) -> bool:
    """Whether 8P is the neutral element, by the y coordinate alone: y(2P) = (y² + x²) / (1 - d x² y²)."""
    for _ in range(3):
        square = _x_squared(y)
        y = (y * y + square) * pow(1 - _D * square * y * y, -1, _P) % _P
    return y == 1
