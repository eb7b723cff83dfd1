"""Texts → vectors: a table of static word vectors in a package, or any encoder of the Hub's form.

``wordllama`` needs no network: its wheel carries 32,000 vectors of 256 numbers, a text's vector is
their mean. They are 16-bit floats, whose sums 64-bit floats hold exactly: the same everywhere.
Any other name is a folder or a model on the Hub, read by transformers; the last layer's states are
averaged over the text.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from longalpaca_data.core.errors import MissingPackageError, RecipeError

Floats = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], Floats]

STATIC = "wordllama"
# Read from the package's files: its own loader looks for the tokenizer in another folder, then on
# the network.
_WEIGHTS = Path("weights") / "l2_supercat_256.safetensors"
_TOKENIZER = Path("tokenizers") / "l2_supercat_tokenizer_config.json"
_PURPOSE = "mix.short_select: embedding"
_BATCH = 32  # texts that an encoder sees together
_MOST_TOKENS = 512  # of a text: as many as most encoders were trained on


def embedder(name: str) -> Embed:
    """Return the function from n texts to n vectors. RecipeError where there is no such model."""
    return _static() if name == STATIC else _encoder(name)


def _static() -> Embed:
    found = importlib.util.find_spec(STATIC)
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders or not (Path(folders[0]) / _WEIGHTS).is_file():
        raise MissingPackageError(STATIC, extra="embedding", purpose=_PURPOSE)
    (table,) = load_file(Path(folders[0]) / _WEIGHTS).values()
    tokenizer = Tokenizer.from_file(str(Path(folders[0]) / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MOST_TOKENS)

    def embed(texts: Sequence[str]) -> Floats:
        vectors = np.zeros((len(texts), table.shape[1]))
        for row, encoded in enumerate(
            tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ):
            if encoded.ids:
                vectors[row] = table[encoded.ids].sum(axis=0, dtype=np.float64) / len(encoded.ids)
        return vectors

    return embed


def _encoder(name: str) -> Embed:
    try:
        import torch  # noqa: PLC0415 — an extra, needed for this alone
        from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415 — likewise
    except ImportError:
        purpose = f"{_PURPOSE} with {name}"
        raise MissingPackageError("transformers", extra="train", purpose=purpose) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModel.from_pretrained(name).eval()
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "")[:200]
        raise RecipeError(
            f"mix.short_embedding: can't load {name}: {reason}",
            do=f"name a folder, a model on the Hub, or {STATIC}",
        ) from error

    def embed(texts: Sequence[str]) -> Floats:
        found = []
        for at in range(0, len(texts), _BATCH):
            given = tokenizer(
                [text or " " for text in texts[at : at + _BATCH]],
                padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                states = model(**given).last_hidden_state.double()
            mask = given["attention_mask"].unsqueeze(-1)
            found.append(((states * mask).sum(1) / mask.sum(1).clamp(min=1)).numpy())
        return np.concatenate(found) if found else np.zeros((0, 1))

    return embed
