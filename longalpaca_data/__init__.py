"""Turns long documents into long-context instruction data, and trains a model on it."""

__version__ = "0.1.0"
