"""No attention: the control of every comparison."""

from vidattn.models.attention import Attention


def attention() -> Attention:
    """Leaves the backbone alone and averages its last map."""
    return Attention()
