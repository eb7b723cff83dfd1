"""3 of 7: Document → Window. Segments of a document, and groups of documents.

Documents lie on disk (``documents``), each text once; a window holds spans of them, and
``instruction`` frames a window as the text that a model reads.
"""
