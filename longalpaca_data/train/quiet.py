"""Keeps what libraries warn of off the terminal: a user can't act on it, and our own lines drown.

Errors are shown as before, and ours say in one line what a library's warning would have announced
(weights that are missing, a Hub that can't be reached).
"""

from __future__ import annotations

import logging
import os
import warnings

LIBRARIES = (
    "accelerate",
    "bitsandbytes",
    "datasets",
    "deepspeed",
    "huggingface_hub",
    "peft",
    "torch",
    "transformers",
    "trl",
)
"""Packages whose Python warnings are not shown."""

LEVELS = {
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "DATASETS_VERBOSITY": "error",
}
"""Environment variables that these libraries read when they are imported, and whose values they
prefer to a level that was set before. Processes that a run starts inherit them."""

LOGGERS = ("accelerate", "bitsandbytes", "trl")
"""Loggers whose level is nobody's business but the program's."""


def quiet_libraries() -> None:
    """Silence the libraries' warnings from here on; call it before they are imported.

    A level that the user has set in the environment stays.
    """
    for name, level in LEVELS.items():
        os.environ.setdefault(name, level)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    deepspeed = logging.getLogger("DeepSpeed")
    if _errors_only not in deepspeed.filters:
        deepspeed.addFilter(_errors_only)  # it sets its level itself, and writes to stdout
    warnings.filterwarnings("ignore", module=rf"(?:{'|'.join(LIBRARIES)})(?:\.|$)")


def _errors_only(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR
