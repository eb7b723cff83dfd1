"""``review``: a local page on which a person accepts, rejects and edits a data set's rows."""

from longalpaca_data.review.server import Listening, serve
from longalpaca_data.review.session import ReviewSession

__all__ = ["Listening", "ReviewSession", "serve"]
