"""What every room stands on: records, errors, recipe, storage, tokens, language, progress."""
