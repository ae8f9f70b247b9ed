"""Other programs that call initlint: pytest, editors."""
