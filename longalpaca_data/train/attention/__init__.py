"""Shifted sparse attention (S²): groups, heads, kernels, and the function that transformers calls.

``groups`` and ``heads`` reckon with plain integers; the other modules compute and import torch.
"""
