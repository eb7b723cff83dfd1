"""A training run: its plan, its processes, the trainer, checkpoints, the card."""
