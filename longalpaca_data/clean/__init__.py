"""2 of 7: RawDocument → Document. Blocks as readers saw them become a text and its sections."""

from longalpaca_data.clean.document import clean_document, clean_stage

__all__ = ["clean_document", "clean_stage"]
