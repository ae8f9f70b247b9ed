"""The formulas: pure arithmetic, importing neither torch nor libcst."""
