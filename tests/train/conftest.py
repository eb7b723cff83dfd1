"""Shared by the trainer's tests: tiny models of every supported architecture, a byte tokenizer."""

from __future__ import annotations

import pytest

torch = pytest.importorskip(
    "torch", reason="the trainer needs torch: pip install 'longalpaca-data[train]'"
)
torch.set_num_threads(1)  # tiny models: threads only wait for one another

pytest.importorskip("trl", reason="the trainer needs trl: pip install 'longalpaca-data[train]'")


IGNORED = (
    # peft 0.21 asks transformers for a name that transformers 5.23 renames.
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
)


def pytest_collection_modifyitems(items):
    """Let pass the deprecations between the libraries that the trainer builds on."""
    for item in items:
        if {"train", "evaluate"} & set(item.path.parts):
            for warning in IGNORED:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def asker():
    """A random model that reads 4,096 tokens, one per byte."""
    from longalpaca_data.train.ask import Asker
    from longalpaca_data.train.data.templates import Encoder
    from tests.train.tiny import byte_tokenizer, tiny_model

    tokenizer = byte_tokenizer()
    return Asker(tiny_model("llama"), tokenizer, Encoder(tokenizer, "alpaca"), 4096)
