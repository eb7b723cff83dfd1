"""Tiny models of every supported architecture, with random weights."""

from __future__ import annotations

import torch
from transformers import (
    AutoModelForCausalLM,
    GemmaConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
)

VOCABULARY = 260

COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 36,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 128,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 258,
}

CONFIGS = {
    "llama": lambda: LlamaConfig(**COMMON, tie_word_embeddings=False),
    "mistral": lambda: MistralConfig(**COMMON, sliding_window=None),
    "qwen2": lambda: Qwen2Config(**COMMON, tie_word_embeddings=True),
    "qwen3": lambda: Qwen3Config(**COMMON, head_dim=8),
    "gpt_neox": lambda: GPTNeoXConfig(
        **{**COMMON, "hidden_size": 32, "num_attention_heads": 2}, rotary_pct=0.5
    ),
    "phi3": lambda: Phi3Config(**COMMON),
    "gemma": lambda: GemmaConfig(**COMMON, head_dim=8),
}


def tiny_config(name):
    return CONFIGS[name]()


def tiny_model(name, attention="sdpa", dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(
        tiny_config(name), attn_implementation=attention, dtype=dtype
    )
    with torch.no_grad():  # default initialisation is so small that attention hardly matters
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8)
    return model.eval()


def byte_tokenizer(chat_template=None):
    """One token per byte, 256 begins, 257 ends, 258 pads: built here, nothing is downloaded."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>", "<pad>"])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    if chat_template:
        fast.chat_template = chat_template
    return fast


def save_tiny(folder, name="llama", seed=0):
    """A whole tiny model with tokenizer on disk."""
    model = tiny_model(name, seed=seed)
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return model
