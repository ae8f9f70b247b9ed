"""The built-in rule pack: one module a rule, found by walking this folder."""
