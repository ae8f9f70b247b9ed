"""The model itself: built in a child process, taped, measured, judged."""
