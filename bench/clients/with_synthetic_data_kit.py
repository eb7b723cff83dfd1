"""synthetic-data-kit, called as its command `create` calls itself."""

from __future__ import annotations

from synthetic_data_kit.generators.qa_generator import QAGenerator
from synthetic_data_kit.models.llm_client import LLMClient
from task import Task, main


def _client(task: Task) -> LLMClient:
    return LLMClient(
        provider="api-endpoint", api_base=task.url, api_key="none", model_name="m", max_retries=3
    )


def ask(task: Task) -> None:
    """Ask in its batches, of the concurrency."""
    messages = [task.messages(number) for number in range(task.calls)]
    _client(task).batch_completion(messages, batch_size=task.concurrency)


def cover(task: Task) -> list[str]:
    """Have it make so many pairs of the long document."""
    text = task.document.read_text(encoding="utf-8")
    made = QAGenerator(_client(task)).process_document(text, num_pairs=task.calls)
    return [pair["question"] for pair in made["qa_pairs"]]


if __name__ == "__main__":
    main(ask, cover)
