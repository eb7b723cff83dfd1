"""Evaluation: passkey retrieval, perplexity by context length, questions about long documents."""
