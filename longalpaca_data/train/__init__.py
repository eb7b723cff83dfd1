"""The trainer: shifted sparse attention, context extension, LoRA+, long-row loss, launcher.

The method is LongLoRA's (arXiv 2309.12307). This package imports torch only inside the modules that
compute; ``recipe``, ``run.launch`` and ``attention.groups`` import without it.
"""
