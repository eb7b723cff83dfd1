"""How stages run: what one is (``stage``), the runner, the ledger of what is done, the engines."""
