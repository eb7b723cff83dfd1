"""Several ranks over gloo: what torchrun starts (``-m tests.train.ranks WHAT FILE``), and forks.

They run the product's worker as ``ddp``, ``fsdp`` or ``zero3``, with ``bf16`` and ``4bit`` for what
the product does on GPUs only. Every rank that reads the weights leaves a file ``read-by-RANK`` in
the output folder; one that gathers some to save them, their number in ``gathered-by-RANK``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType

warnings.filterwarnings("ignore", category=FutureWarning)
torch.set_num_threads(1)


def allow_fsdp_on_the_cpu():
    """Undo accelerate's silent fallback from FSDP to DDP on the CPU."""
    original = AcceleratorState.__init__

    def init(self, *args, fsdp_plugin=None, **kwargs):
        original(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin
            if self._mixed_precision != "no":
                fsdp_plugin.set_mixed_precision(self._mixed_precision)
        # Every AcceleratorState() copies MULTI_CPU back from PartialState: put it right every time.
        plugin = self.__dict__.get("fsdp_plugin")
        if plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.FSDP

    AcceleratorState.__init__ = init


def exact(folder):
    """One SGD step with rate 1 over all packed rows: the weights' change is the gradient."""
    from trl import SFTConfig

    from longalpaca_data.train.attention.function import attention_name
    from longalpaca_data.train.data.collate import Collator, PackedRows
    from longalpaca_data.train.data.tokenized import open_tokenized
    from longalpaca_data.train.run.trainer import LongTrainer
    from tests.train.tiny import byte_tokenizer, tiny_model

    (path,) = folder.glob("cache/*.arrow")
    data = open_tokenized(path)
    arguments = SFTConfig(
        output_dir=str(folder / "out"), use_cpu=True, per_device_train_batch_size=1,
        gradient_accumulation_steps=2, max_steps=1, learning_rate=1.0, optim="sgd",
        lr_scheduler_type="constant", max_grad_norm=0.0, save_strategy="no", report_to="none",
        logging_steps=1, activation_checkpointing=False, gradient_checkpointing=False, bf16=False,
        disable_tqdm=True, dataloader_pin_memory=False, remove_unused_columns=False,
        max_length=None, dataset_kwargs={"skip_prepare_dataset": True},
    )  # fmt: skip
    model = tiny_model("llama", attention_name("s2", 64), dtype=torch.float64)
    trainer = LongTrainer(
        model,
        args=arguments,
        collator=Collator({"train": data.table}, 258),
        train_rows=PackedRows([[0, 1, 2], [3], [4, 5, 6]]),
        eval_rows=None,
        tokenizer=byte_tokenizer(),
        callbacks=[],
    )
    trainer.train()
    if trainer.is_world_process_zero():
        after = dict(trainer.accelerator.unwrap_model(trainer.model).named_parameters())
        before = dict(tiny_model("llama", dtype=torch.float64).named_parameters())
        torch.save(
            {
                "loss": trainer.state.log_history[0]["loss"],
                "world": trainer.args.world_size,
                "gradients": {k: (before[k] - after[k]).detach() for k in before},
            },
            folder / "result.pt",
        )


def as_on_a_gpu(what, patch=setattr):
    """Let the CPU compute in bfloat16 (``bf16``) or with 4-bit weights (``4bit``).

    On CPUs with AVX-512 BF16 bitsandbytes repacks 4-bit weights at the first evaluation, for a
    kernel that has no backward pass and wants rows in multiples of 32. GPUs know nothing of that,
    so here every CPU is one without.
    """
    from longalpaca_data.train.model import lora, strategy

    if "bf16" in what:
        patch(strategy, "computes_in_half", lambda recipe, device: recipe.precision == "bf16")
    if "4bit" in what:
        import bitsandbytes.nn.modules

        patch(bitsandbytes.nn.modules, "has_avx512bf16", lambda: False)
        bits = lora.four_bits()
        patch(strategy, "quantization", lambda asked, device: bits if asked.quantize else None)


def note_who_reads(folder):
    from longalpaca_data.train.model import trainable

    original = trainable.load_weights

    def load_weights(*args, **kwargs):
        (folder / f"read-by-{os.environ.get('RANK', '0')}").touch()
        return original(*args, **kwargs)

    trainable.load_weights = load_weights


def note_what_is_gathered(folder):
    from longalpaca_data.train.run.trainer import LongTrainer

    original = LongTrainer._save

    def save(self, output_dir=None, state_dict=None):
        if state_dict:
            size = sum(value.numel() for value in state_dict.values())
            (folder / f"gathered-by-{os.environ['RANK']}").write_text(str(size))
        return original(self, output_dir, state_dict)

    LongTrainer._save = save


def shard_small_weights():
    """Let ZeRO-3 take weights away again that it would keep whole, as all of a tiny model are."""
    from longalpaca_data.train.model import strategy

    original = strategy._zero3

    def zero3(*args, **kwargs):
        config = original(*args, **kwargs)
        keep = ("param_persistence_threshold", "max_live_parameters", "max_reuse_distance")
        config["zero_optimization"].update({f"stage3_{name}": 0 for name in keep})
        return config

    strategy._zero3 = zero3


def train_in_ranks(settings, what, world=2):
    """Train in processes that begin with everything imported: torchrun's take ten seconds."""
    from longalpaca_data.train.run.files import SETTINGS_FILE, result_file
    from longalpaca_data.train.run.result import Result

    path = Path(settings.out) / SETTINGS_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(asdict(settings)))
    in_ranks(work, (what, path), world)
    return Result(**json.loads(result_file(path).read_text()))


def in_ranks(do, arguments, world=2):
    """Run a function of this module in several ranks; it returns an exit code."""
    port = free_port()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["longalpaca_data.train.run.worker", "tests.train.ranks"])
    ranks = [
        context.Process(target=run_rank, args=(rank, world, port, do, arguments), daemon=True)
        for rank in range(world)
    ]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(timeout=120)
    codes = [rank.exitcode for rank in ranks]
    assert codes == [0] * world, codes


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def run_rank(rank, world, port, do, arguments):
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({key: str(value) for key, value in places.items()})
    sys.exit(do(*arguments))


def work(what, path):
    """Run the product's worker; return its exit code."""
    from longalpaca_data.train.run.worker import main

    if "fsdp" in what:
        allow_fsdp_on_the_cpu()
    if "zero3" in what:  # its own exchange between ranks wants a compiler, and spins
        from deepspeed import ops

        ops.__compatible_ops__["deepspeed_shm_comm"] = False
        shard_small_weights()
    as_on_a_gpu(what)
    note_who_reads(path.parent)
    note_what_is_gathered(path.parent)
    sys.argv = [sys.argv[0], str(path)]
    return main()


if __name__ == "__main__":
    sys.exit(work([sys.argv[1]], Path(sys.argv[2])))
