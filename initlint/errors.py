"""Every failure a user can meet, with its exit status."""

from __future__ import annotations


class InitlintError(Exception):
    """Something the user can repair. The message says what, where, what was expected, and what to do."""

    exit_code = 2


class UsageError(InitlintError):
    """An option or argument that cannot be honoured."""


class ConfigError(InitlintError):
    """A configuration file with an unknown key, a wrong type, or broken TOML."""


class PackError(InitlintError):
    """A rule pack that cannot be loaded, or that claims a code already taken."""


class SourceError(InitlintError):
    """A file that cannot be read or decoded; `line` is where, as far as that can be said."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class TargetError(InitlintError):
    """A runtime target that cannot be found or built."""


class WorkerError(InitlintError):
    """The child process died, hung or ran out of memory; carries the tail of what it printed."""


class ChildBugError(Exception):
    """A bug of ours that showed in the child process. Nothing the user can repair: it ends with status 3."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.__cause__ = RemoteTraceError(trace) if trace else None


class RemoteTraceError(Exception):
    """The child's traceback, as text: shown above ours with --debug."""

    def __str__(self) -> str:
        """On lines of its own."""
        return f"\n{self.args[0]}"
