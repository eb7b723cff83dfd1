"""What torchrun starts in the tests of several ranks over gloo: ``python ranks.py WHAT FILE``.

``train`` is the product's worker; ``exact`` trains one float64 step and writes the weights after.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

warnings.filterwarnings("ignore", category=FutureWarning)
torch.set_num_threads(1)


def allow_fsdp_on_the_cpu():
    """Undo accelerate's silent fallback from FSDP to DDP on the CPU."""
    original = AcceleratorState.__init__

    def init(self, *args, fsdp_plugin=None, **kwargs):
        original(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin
        # Every AcceleratorState() copies MULTI_CPU back from PartialState: put it right every time.
        plugin = self.__dict__.get("fsdp_plugin")
        if plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.FSDP

    AcceleratorState.__init__ = init


def exact(folder):
    """One SGD step with rate 1 over all packed rows: the weights' change is the gradient."""
    from tiny import byte_tokenizer, tiny_model
    from trl import SFTConfig

    from longalpaca_data.train.attention import attention_name
    from longalpaca_data.train.collate import Collator, PackedRows
    from longalpaca_data.train.tokenized import open_tokenized
    from longalpaca_data.train.trainer import LongTrainer

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
        train_rows=PackedRows([[0, 1, 2], [3], [4], [5, 6]]).dataset(),
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


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "exact":
        exact(Path(where))
    else:
        from longalpaca_data.train.worker import main

        if what == "fsdp":
            allow_fsdp_on_the_cpu()
        sys.argv = [sys.argv[0], where]
        sys.exit(main())
