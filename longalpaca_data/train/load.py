"""Models and tokenizers by name, with one-line errors for all that can be wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from peft import PeftModel
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from longalpaca_data.errors import LongalpacaError

ADAPTER_FILE = "adapter_config.json"

T = TypeVar("T")


@contextmanager
def _model_errors(name: str, what: str) -> Iterator[None]:
    """Turn whatever transformers and the Hub raise for ``name`` into one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, HfHubHTTPError) as error:
        causes = [error, error.__cause__, error.__context__]
        if any(isinstance(cause, GatedRepoError) for cause in causes):
            raise LongalpacaError(
                f"{name} is gated on the Hugging Face Hub",
                do=f"accept its licence at https://huggingface.co/{name} and run: hf auth login",
            ) from error
        if any(isinstance(cause, RepositoryNotFoundError) for cause in causes):
            raise LongalpacaError(
                f"there is no model {name} on the Hugging Face Hub, or it is private",
                do="check the name, or run: hf auth login",
            ) from error
        first = " ".join(str(error).split())[:200]
        raise LongalpacaError(
            f"can't read the {what} of {name}: {first}",
            do="give a folder with a Hugging Face model, or a name on the Hub that is reachable",
        ) from error


def _read(load: Callable[..., T], name: str, what: str, **options: Any) -> T:
    folder = Path(name).expanduser()
    if name.startswith((".", "/", "~")) and not folder.is_dir():
        raise LongalpacaError(f"no model at {name}", do="check the path")
    with _model_errors(name, what):
        return load(str(folder) if folder.is_dir() else name, **options)


def load_config(name: str) -> PreTrainedConfig:
    """Read a model's configuration (for an adapter: the one it was trained with)."""
    config: PreTrainedConfig = _read(AutoConfig.from_pretrained, name, "configuration")
    return config


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """Read a tokenizer. One without a padding token pads with its end token; padding is right."""
    tokenizer: PreTrainedTokenizerBase = _read(AutoTokenizer.from_pretrained, name, "tokenizer")
    if tokenizer.eos_token_id is None:
        raise LongalpacaError(
            f"the tokenizer of {name} has no end-of-text token, answers could never end",
            do="use a model with an eos_token in its tokenizer_config.json",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer


def load_weights(
    name: str,
    config: PreTrainedConfig,
    *,
    attention: str = "sdpa",
    dtype: torch.dtype = torch.float32,
    quantization: BitsAndBytesConfig | None = None,
) -> PreTrainedModel:
    """Read a base model's weights into the architecture that ``config`` describes."""
    options: dict[str, Any] = {"config": config, "attn_implementation": attention, "dtype": dtype}
    if quantization is not None:
        options["quantization_config"] = quantization
    model: PreTrainedModel = _read(AutoModelForCausalLM.from_pretrained, name, "weights", **options)
    return model


def base_name(adapter: Path) -> str:
    """Return the base model that an adapter folder names."""
    try:
        name = json.loads((adapter / ADAPTER_FILE).read_text())["base_model_name_or_path"]
    except (OSError, ValueError, KeyError) as error:
        raise LongalpacaError(
            f"{adapter} is not an adapter: no readable {ADAPTER_FILE}",
            do="give the output folder of `sft`",
        ) from error
    return str(name)


def load_finished(
    name: str, *, base: str | None = None, dtype: torch.dtype = torch.float32
) -> tuple[PreTrainedModel | PeftModel, PreTrainedTokenizerBase]:
    """Load a model to be asked: a plain model, or an adapter on its base, with full attention.

    An adapter's folder holds the configuration it was trained with; the base's own would undo the
    context extension. ``base`` replaces the base model that the adapter names.
    """
    folder = Path(name).expanduser()
    if not (folder / ADAPTER_FILE).is_file():
        model = load_weights(name, load_config(name), dtype=dtype)
        model.eval()  # type: ignore[no-untyped-call]
        return model, load_tokenizer(name)
    base = base or base_name(folder)
    config = load_config(str(folder) if (folder / "config.json").is_file() else base)
    weights = load_weights(base, config, dtype=dtype)
    adapted = _read(lambda path: PeftModel.from_pretrained(weights, path), str(folder), "adapter")
    has_own = (folder / "tokenizer_config.json").is_file()
    return adapted.eval(), load_tokenizer(str(folder) if has_own else base)


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
