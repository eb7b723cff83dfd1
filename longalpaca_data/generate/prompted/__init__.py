"""Questions and answers by a language model, planned over length, depth, kind and document.

``plan`` settles what is asked where, ``compose`` puts the prompts together from ``templates``,
``write`` asks and reads the replies (``reply``, ``checks``), ``estimate`` says beforehand what it
will cost.
"""

from longalpaca_data.generate.prompted.estimate import Estimate, estimate
from longalpaca_data.generate.prompted.write import OpenSession, Writer, prompted_stage

__all__ = ["Estimate", "OpenSession", "Writer", "estimate", "prompted_stage"]
