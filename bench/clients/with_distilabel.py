"""distilabel's text generation. Which part of a document is asked about is its user's choice."""

from __future__ import annotations

from distilabel.models.llms import OpenAILLM
from task import Task, main


def ask(task: Task) -> None:
    """Ask in batches of the concurrency, as its steps do."""
    llm = OpenAILLM(model="m", base_url=task.url, api_key="none")
    llm.load()
    for start in range(0, task.calls, task.concurrency):
        numbers = range(start, min(start + task.concurrency, task.calls))
        llm.generate_outputs(inputs=[task.messages(number) for number in numbers])


if __name__ == "__main__":
    main(ask)
