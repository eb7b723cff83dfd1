"""Cleaning: blocks as readers saw them become a document's text and its sections."""

from longalpaca_data.clean.document import clean_document, clean_stage

__all__ = ["clean_document", "clean_stage"]
