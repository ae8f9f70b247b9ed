"""Bytes before any parsing: discovery, notebooks, prefilter, cache, suppression, baseline."""
