"""One attention a file, each made by its `attention(...)` from the hooks that are named here too."""

from vidattn.models.hooks import STAGES, Attention, Options, Tensor, identity

__all__ = ["STAGES", "Attention", "Options", "Tensor", "identity"]
