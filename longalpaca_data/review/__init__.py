"""``review``: a local page on which a person accepts, rejects and edits a data set's rows."""

from longalpaca_data.review.desk import Desk
from longalpaca_data.review.server import Listening, serve

__all__ = ["Desk", "Listening", "serve"]
