"""What the fixer promises."""
