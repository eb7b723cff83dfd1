"""Models and tokenizers by name, with one-line errors for all that can be wrong with them."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import torch
from huggingface_hub import constants, get_session
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GgufConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from longalpaca_data.core.errors import LongalpacaError, MissingPackageError

if TYPE_CHECKING:
    from peft import PeftModel

ADAPTER_FILE = "adapter_config.json"
"""What makes a folder an adapter's."""

GGUF = ".gguf"
"""The suffix of llama.cpp's model files."""

HUB_ERRORS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        GatedRepoError,
        "{0} is gated on the Hugging Face Hub",
        "accept its licence at https://huggingface.co/{0} and run: hf auth login",
    ),
    (
        RepositoryNotFoundError,
        "there is no model {0} on the Hugging Face Hub, or it is private",
        "check the name, or run: hf auth login",
    ),
    (
        HfHubHTTPError,
        "the Hugging Face Hub refuses {0}, or is out of order",
        "check the name, run: hf auth login, or give the model's folder",
    ),
    (
        LocalEntryNotFoundError,
        "{0} is no folder, and the Hugging Face Hub can't be reached to look for it there",
        "check the path, or the network; with a model at hand give its folder",
    ),
)
"""What the Hub's errors mean, the narrower before the wider; {0} is the model's name."""

HUB_TIMEOUT = 10.0
"""Seconds for one answer of the Hub, whatever it is."""

T = TypeVar("T")


@contextmanager
def _model_errors(name: str, what: str) -> Iterator[None]:
    """Turn whatever transformers and the Hub raise for ``name`` into one line."""
    try:
        yield
    except (LongalpacaError, torch.OutOfMemoryError):  # 4-bit weights are read onto the GPU
        raise
    except Exception as error:  # a foreign folder can make four libraries raise whatever they like
        for kind, says, do in HUB_ERRORS:
            if any(isinstance(cause, kind) for cause in _causes(error)):
                raise LongalpacaError(says.format(name), do=do.format(name)) from error
        first = " ".join(str(error).split())[:200] or type(error).__name__
        raise LongalpacaError(
            f"can't read the {what} of {name}: {first}",
            do="give a folder with a Hugging Face model, or a name on the Hub that is reachable",
        ) from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and all that led to it, but files that need not be there."""
    following: BaseException | None = error
    seen: set[int] = set()
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        if not isinstance(following, RemoteEntryNotFoundError):
            yield following
        following = following.__cause__ or following.__context__


def _read(load: Callable[..., T], name: str, what: str, **options: Any) -> T:
    place, more = place_of(name)
    if not Path(place).exists() and not hub_answers(constants.ENDPOINT):
        options["local_files_only"] = True  # what was fetched before, or one line at once
    if not sys.stderr.isatty():
        disable_progress_bar()  # type: ignore[no-untyped-call]
    with _model_errors(name, what):
        return load(place, **options, **more)


def place_of(name: str) -> tuple[str, dict[str, str]]:
    """Return what transformers must be told to find ``name``: a folder, a GGUF file, a Hub name.

    Raises :class:`LongalpacaError` for a path with nothing there; the Hub is not asked.
    """
    path = Path(name).expanduser()
    if path.suffix == GGUF and path.is_file():
        if importlib.util.find_spec("gguf") is None:
            raise MissingPackageError("gguf", extra="gguf", purpose=f"the model {name}")
        return str(path.parent), {"gguf_file": path.name}
    if path.is_dir():
        return str(path), {}
    if path.is_file():
        raise LongalpacaError(
            f"{name} is a file", do="give a folder with a Hugging Face model, or a GGUF file"
        )
    if name.startswith((".", "/", "~")) or path.suffix == GGUF or name.count("/") > 1:
        raise LongalpacaError(f"no model at {name}", do="check the path")
    return name, {}


@lru_cache(maxsize=4)
def hub_answers(endpoint: str) -> bool:
    """Tell whether the Hub can be reached at all: one request, asked once in a process.

    Left to itself, the Hub's library asks six times for each of a model's files, 23 seconds each,
    before it looks for what was fetched earlier.
    """
    try:
        get_session().head(endpoint, timeout=HUB_TIMEOUT)
    except (httpx2.TransportError, OfflineModeIsEnabled):
        return False
    return True


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
    """Read a base model's weights into the architecture that ``config`` describes.

    A GGUF file's weights are unpacked to ``dtype``. Raises :class:`LongalpacaError` where weights
    are missing: transformers would fill them with random numbers and go on.
    """
    options: dict[str, Any] = {"config": config, "attn_implementation": attention, "dtype": dtype}
    if is_gguf(name):
        if quantization is not None:
            raise LongalpacaError(
                f"{name} can't be quantized anew", do="give a Hugging Face model, or no --quantize"
            )
        options["quantization_config"] = GgufConfig(dequantize=True)
    elif quantization is not None:
        options["quantization_config"] = quantization
    load: Callable[..., Any] = AutoModelForCausalLM.from_pretrained
    model, info = _read(load, name, "weights", output_loading_info=True, **options)
    missing = sorted(info["missing_keys"])
    if missing:
        raise LongalpacaError(
            f"{name} lacks {len(missing)} of the model's weights ({missing[0]}, …)",
            do="give a whole model: is its config.json another model's?",
        )
    if is_gguf(name):
        _forget_packing(model, name)
    loaded: PreTrainedModel = model
    return loaded


def is_gguf(name: str) -> bool:
    """Tell whether ``name`` is a GGUF file."""
    return Path(name).suffix == GGUF


def _forget_packing(model: Any, name: str) -> None:
    """Make a model with unpacked weights a plain one.

    transformers goes on calling it quantized and would neither train nor save it.
    """
    model.hf_quantizer, model.is_quantized = None, False
    vars(model.config).pop("quantization_config", None)
    model.name_or_path = name  # not the file's folder
    model.config._name_or_path = name  # noqa: SLF001 - PEFT writes it into the adapter


def base_name(adapter: Path) -> str:
    """Return the base model that an adapter folder names."""
    try:
        name = json.loads((adapter / ADAPTER_FILE).read_text())["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
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
    from peft import PeftModel  # noqa: PLC0415 - heavy, and only adapters need it

    base = base or base_name(folder)
    config = load_config(str(folder) if (folder / "config.json").is_file() else base)
    weights = load_weights(base, config, dtype=dtype)
    # Left to itself, PEFT reads the adapter onto a GPU, however full, even to merge on the CPU.
    read = partial(PeftModel.from_pretrained, weights, torch_device="cpu")
    adapted: PeftModel = _read(read, str(folder), "adapter")
    has_own = (folder / "tokenizer_config.json").is_file()
    return adapted.eval(), load_tokenizer(str(folder) if has_own else base)


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
