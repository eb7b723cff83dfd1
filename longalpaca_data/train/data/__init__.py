"""Rows → batches: read, held out, shortened, tokenized, packed, collated."""
