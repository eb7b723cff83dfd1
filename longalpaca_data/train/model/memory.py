"""What a training step needs of a GPU's memory, reckoned from an architecture's numbers.

A step has a few moments at which memory may peak; the estimate is the highest. What holds at each
was read off simulated steps of whole models (bench/memory.py), which also say how near it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from longalpaca_data.train.model.tune import Counts, has_tied_embeddings
from longalpaca_data.train.recipe import Parallel, SftRecipe

GIB = 1 << 30
"""Bytes."""

MOMENTS = 8
"""Bytes per trained weight of Adam's two moments. The weight and its gradient take 4 each."""

NF4 = 0.55
"""Bytes per weight in 4 bits, with its share of the scales."""


@dataclass(frozen=True, slots=True)
class PerToken:
    """Bytes per token in a decoder layer with grouped attention and a gated MLP.

    Per unit of hidden size, of the keys' width (key-value heads × their size) and of the MLP's
    inner size.
    """

    width: int
    keys: int
    inner: int

    def of(self, config: Any) -> int:
        """Return the bytes per token of an architecture's layer."""
        width, heads = int(config.hidden_size), int(config.num_attention_heads)
        keys = int(getattr(config, "num_key_value_heads", None) or heads)
        size = int(getattr(config, "head_dim", None) or width // heads)
        inner = int(getattr(config, "intermediate_size", 4 * width))
        return self.width * width + self.keys * keys * size + self.inner * inner


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer needs per token: ``held`` with gradient checkpointing (its input, per unit of
    hidden size), ``kept`` for the backward pass without, ``working`` while it goes backward.
    """

    held: int
    kept: PerToken
    working: PerToken


LAYERS = {
    ("mixed", "lora+"): Layer(4, PerToken(28, 4, 6), PerToken(28, 4, 12)),
    ("mixed", "full"): Layer(4, PerToken(32, 4, 8), PerToken(29, 4, 12)),
    ("half", "lora"): Layer(2, PerToken(20, 4, 6), PerToken(22, 4, 12)),
    ("sharded", "lora+"): Layer(2, PerToken(20, 4, 6), PerToken(22, 4, 12)),
    ("sharded", "lora"): Layer(2, PerToken(16, 4, 6), PerToken(18, 4, 12)),
    ("sharded", "full"): Layer(2, PerToken(22, 4, 8), PerToken(24, 4, 12)),
    ("float32", "lora+"): Layer(4, PerToken(32, 8, 12), PerToken(32, 8, 24)),
    ("float32", "lora"): Layer(4, PerToken(24, 8, 12), PerToken(24, 8, 24)),
    ("float32", "full"): Layer(4, PerToken(36, 8, 16), PerToken(36, 8, 24)),
}
"""From simulated steps, whose peaks grow by these whole numbers (bench/memory.py; a test holds the
sums). ``mixed``: trained embeddings are float32, and so then is everything between the layers,
while layers compute in bfloat16. ``sharded``: weights are gathered in bfloat16, whatever they are
kept in, and so is everything else."""


ADAPTERS_EVERYWHERE = {
    "mixed": (PerToken(4, 0, 2), PerToken(4, 0, 4)),
    "half": (PerToken(4, 0, 2), PerToken(4, 0, 4)),
    "sharded": (PerToken(2, 0, 2), PerToken(2, 0, 0)),
    "float32": (PerToken(4, 0, 4), PerToken(4, 0, 0)),
}
"""What adapters on the MLP add to ``kept`` and ``working``: the inputs of its matrices, and where
adapters are float32 also casts. Simulated as the above."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per GPU at the highest of a step's peaks; simulated, not measured on a GPU.

    Fragmentation, the CUDA context and libraries (about 1 GiB), NCCL's buffers and what kernels
    take for themselves come on top.
    """

    weights: int
    optimizer: int
    gradients: int
    gathered: int
    """Whole copies of weights that are sharded or kept in float32, for as long as they are used."""
    activations: int

    @property
    def lasting(self) -> int:
        """Bytes that are taken all through a step: weights, moments, gradients."""
        return self.weights + self.optimizer + self.gradients

    @property
    def total(self) -> int:
        """Bytes at the highest of a step's peaks."""
        return self.lasting + self.gathered + self.activations


def memory(
    config: Any, counts: Counts, recipe: SftRecipe, parallel: Parallel, world: int
) -> Memory:
    """Estimate bytes per GPU; within 5 % of simulated steps (bench/memory.py), mostly 1 %.

    Frozen weights take 2 bytes (4 in float32), trained ones 4, their moments 8. Gradients take 4,
    and as much again in DDP's buckets. ZeRO-3 (half copies of trained weights beside the float32
    ones) and 4 bits were not simulated.
    """
    shards = world if parallel in ("fsdp", "zero3") else 1
    stored = 4 if recipe.precision == "fp32" else 2
    frozen = counts.frozen * stored / shards
    if recipe.quantize:  # embeddings and output layer stay as they are
        words = _embeddings(config, recipe) - _words(config) * (recipe.tune == "lora+")
        frozen = ((counts.frozen - words) * NF4 + words * stored) / shards
    each = 6 if parallel == "zero3" and stored == 2 else 4
    lasting = (frozen + counts.trained * each / shards, counts.trained * MOMENTS / shards)
    moments = _sharded(config, counts, recipe, shards)
    if shards == 1:
        moments = _unsharded(config, counts, recipe, copied=parallel == "ddp" and world > 1)
    peaks = [Memory(*(round(size) for size in (*lasting, *moment))) for moment in moments]
    return max(peaks, key=lambda peak: peak.total)


Moment = tuple[float, float, float]
"""Bytes of gradients, of gathered weights and of activations."""


def _unsharded(
    config: Any, counts: Counts, recipe: SftRecipe, *, copied: bool
) -> tuple[Moment, ...]:
    """Return what is there when the topmost layer goes backward, at the loss, when the lowest layer
    goes backward and when the embeddings' gradient is made.

    Autocast keeps half copies of trained matrices: of all until the loss, then, with checkpointing,
    of the layer at work. A gradient is made before it is added to those of earlier micro-batches,
    the output layer's in half precision and again in float32.
    """
    half = recipe.precision != "fp32"
    tokens = recipe.batch_size * recipe.context
    others, each, working, top, held = _activations(config, recipe, sharded=False)
    embeds, head = _trained_words(config, recipe)
    copies = 2 * (counts.trained - embeds * (not has_tied_embeddings(config))) if half else 0
    ended = counts.trained * (8 if copied else 4)  # DDP's buckets hold them once more
    accumulates = recipe.accumulation > 1
    begun = ended if accumulates else 4 * head
    backward = copies if not recipe.gradient_checkpointing else copies / _layers(config)
    return (
        (begun, backward, tokens * (others + working)),
        (
            ended if accumulates else 0,
            max(copies, (8 if half else 4) * head),
            tokens * (others + each + top),
        ),
        (ended if accumulates else ended - 4 * embeds, 0, tokens * working),
        (ended, 4 * embeds * accumulates, tokens * 2 * held),
    )


def _sharded(config: Any, counts: Counts, recipe: SftRecipe, shards: int) -> tuple[Moment, ...]:
    """Return what is there when the topmost layer goes backward, while the next one's weights are
    gathered already and the output layer's gradient is on its way; at the loss, with the output
    layer gathered; when the lowest layer goes backward, while the embeddings are gathered (without
    use) and the layer above sends its gradient; when gathered embeddings are copied to their
    places; when their own gradient is on its way.

    Gradients are sent, whole, in float32; what arrives is added up in shards.
    """
    stored = 4 if recipe.precision == "fp32" else 2
    tokens, words, layers = recipe.batch_size * recipe.context, _words(config), _layers(config)
    others, each, working, top, held = _activations(config, recipe, sharded=True)
    inside = counts.trained + counts.frozen - _embeddings(config, recipe)
    unit = (NF4 if recipe.quantize else stored) * inside / layers
    embedding = stored * words * (2 if recipe.tune == "lora+" else 1)
    embeds, head = _trained_words(config, recipe)
    outside = embeds + head * (not has_tied_embeddings(config))
    sent = 4 * max(counts.trained - outside, 0) / layers
    ended = counts.trained * 4 / shards
    begun = ended if recipe.accumulation > 1 else 4 * head / shards
    return (
        (begun, 2 * unit + 4 * head, tokens * (others + working)),
        (begun, stored * words, tokens * (others + each + top)),
        (ended, unit + embedding + sent, tokens * working),
        (begun, 2 * embedding, tokens * held),
        (ended, (stored + 4 + 4 / shards) * embeds, tokens * held),
    )


def _activations(
    config: Any, recipe: SftRecipe, *, sharded: bool
) -> tuple[int, int, int, int, int]:
    """Return bytes per token: what all layers but one keep, what one keeps, what one needs to go
    backward (its input included), what the last norm and the loss need, a layer's input.
    """
    stream = "sharded" if sharded else "half" if recipe.tune == "lora" else "mixed"
    stream = "float32" if recipe.precision == "fp32" else stream
    layer = LAYERS[stream, recipe.tune]
    width, layers = int(config.hidden_size), _layers(config)
    held, kept, back = layer.held * width, layer.kept.of(config), layer.working.of(config)
    if recipe.tune != "full" and recipe.lora.targets == "all":
        more, more_back = ADAPTERS_EVERYWHERE[stream]
        kept, back = kept + more.of(config), back + more_back.of(config)
    each, top = held if recipe.gradient_checkpointing else kept, layer.working.width * width
    return (layers - 1) * each, each, held + back, top, held


def _words(config: Any) -> int:
    """Return the number of weights of one embedding matrix."""
    return int(config.vocab_size) * int(config.hidden_size)


def _trained_words(config: Any, recipe: SftRecipe) -> tuple[int, int]:
    """Return the trained weights of the embeddings and of the output layer; tied, they are one."""
    embeds = recipe.tune != "lora"
    head = recipe.tune == "full" or (embeds and has_tied_embeddings(config))
    return _words(config) * embeds, _words(config) * head


def _layers(config: Any) -> int:
    return int(config.num_hidden_layers)


def _embeddings(config: Any, recipe: SftRecipe) -> int:
    """Return the weights outside the layers: embeddings, output layer, PEFT's trained copy."""
    return _words(config) * (1 + (not has_tied_embeddings(config)) + (recipe.tune == "lora+"))
