"""The evaluation's tests borrow the trainer's tiny models."""

from __future__ import annotations

import pytest

torch = pytest.importorskip(
    "torch", reason="evaluation needs torch: pip install 'longalpaca-data[train]'"
)
torch.set_num_threads(1)  # tiny models: threads only wait for one another
pytest.importorskip("trl", reason="evaluation needs trl: pip install 'longalpaca-data[train]'")


@pytest.fixture
def asker():
    """A random model that reads 4,096 tokens, one per byte."""
    from longalpaca_data.train.ask import Asker
    from longalpaca_data.train.data.templates import Encoder
    from tests.train.tiny import byte_tokenizer, tiny_model

    tokenizer = byte_tokenizer()
    return Asker(tiny_model("llama"), tokenizer, Encoder(tokenizer, "alpaca"), 4096)
