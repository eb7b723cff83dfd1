"""The way to the Hugging Face Hub: what is published, what is refused, and the upload."""
