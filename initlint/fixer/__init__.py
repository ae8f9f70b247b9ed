"""Edits: written on LibCST nodes, applied atomically, shown as a diff."""
