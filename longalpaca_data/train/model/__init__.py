"""The model that is trained: weights, context extension, LoRA+, loss, and the memory they take."""
