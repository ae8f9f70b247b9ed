"""One module a format; each turns findings into text."""
