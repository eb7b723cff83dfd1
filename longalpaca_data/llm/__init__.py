"""Language models: what is asked, who answers, and a session that loses no answer.

A backend (:class:`Model`) makes one attempt at a time; :class:`Session` does the rest: it looks
into the ledger first, keeps limits and budgets, tries again, breaks the circuit, and has every
answer on disk before it counts.
"""

from longalpaca_data.llm.limits import Limits, Price
from longalpaca_data.llm.prompt import Completion, Message, Prompt, PromptMetadata, frozen_json
from longalpaca_data.llm.protocol import CacheOnlyModel, Model, StopAskingError, TryAgainError
from longalpaca_data.llm.session import Ask, Session
from longalpaca_data.llm.usage import Usage

__all__ = [
    "Ask",
    "CacheOnlyModel",
    "Completion",
    "Limits",
    "Message",
    "Model",
    "Price",
    "Prompt",
    "PromptMetadata",
    "Session",
    "StopAskingError",
    "TryAgainError",
    "Usage",
    "frozen_json",
]
