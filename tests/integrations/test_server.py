"""The language server, spoken to as an editor does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TEXT = "s = '\U0001f600'; x = 1  # initlint: ignore[INI101]\ny = 2\n"


class Editor:
    """A client: requests out, answers and notifications in."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "initlint", "server"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.count = 0
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def tell(self, method: str, params: Any, **more: Any) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: Any) -> Any:
        self.count += 1
        self.tell(method, params, id=self.count)
        return self.wait(lambda message: message.get("id") == self.count)["result"]

    def wait(self, wanted: Any) -> Any:
        while not wanted(message := self.read()):
            pass
        return message

    def read(self) -> Any:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return json.loads(self.process.stdout.read(length))

    def diagnostics(self) -> list[Any]:
        message = self.wait(lambda one: one.get("method") == "textDocument/publishDiagnostics")
        found = message["params"]["diagnostics"]
        assert isinstance(found, list)
        return found

    def close(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        assert self.process.wait(10) == 0
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    one = Editor(tmp_path)
    yield one
    one.close()


def opened(editor: Editor, path: Path, text: str = TEXT) -> list[Any]:
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    return editor.diagnostics()


def test_findings_are_shown_while_one_types(editor: Editor, tmp_path: Path) -> None:
    """When a file is opened, changed, saved; and taken away when it is closed."""
    path = tmp_path / "net.py"
    (first,) = opened(editor, path)
    changed = {"textDocument": {"uri": path.as_uri(), "version": 2}, "contentChanges": [{"text": "def f(:\n"}]}
    editor.tell("textDocument/didChange", changed)
    (second,) = editor.diagnostics()
    editor.tell("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
    (third,) = editor.diagnostics()
    editor.tell("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})

    assert ("INI001", "initlint", 2) == (first["code"], first["source"], first["severity"])
    assert ("INI002", 1) == (second["code"], second["severity"])
    assert second == third
    assert [] == editor.diagnostics()


def test_a_misspelt_directive_is_shown(editor: Editor, tmp_path: Path) -> None:
    """It has no code: there is no rule behind it."""
    uri = (tmp_path / "net.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "x = 1  # initlint: off\n"}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    (shown,) = editor.diagnostics()

    assert None is shown.get("code")
    assert shown["message"].startswith("invalid directive `# initlint: off`")


def test_places_count_in_utf_16(editor: Editor, tmp_path: Path) -> None:
    """As the protocol does: a smiley is two."""
    (finding,) = opened(editor, tmp_path / "net.py")

    assert {"line": 0, "character": TEXT.index("#") + 1} == finding["range"]["start"]


def test_fixes_are_offered(editor: Editor, tmp_path: Path) -> None:
    """The finding's own, and all safe ones at once."""
    uri = (tmp_path / "net.py").as_uri()
    (finding,) = opened(editor, tmp_path / "net.py")
    context = {"diagnostics": [finding]}
    asked = {"textDocument": {"uri": uri}, "range": finding["range"], "context": context}
    quick, everything = editor.ask("textDocument/codeAction", asked)
    context["only"] = ["source.fixAll"]
    only = editor.ask("textDocument/codeAction", asked)
    elsewhere = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}
    none = editor.ask("textDocument/codeAction", {**asked, "range": elsewhere, "context": {"diagnostics": []}})

    assert ("initlint: Delete the unused ignore", True) == (quick["title"], quick["isPreferred"])
    assert "" == quick["edit"]["changes"][uri][0]["newText"]
    assert "s = '\U0001f600'; x = 1\ny = 2\n" == everything["edit"]["changes"][uri][0]["newText"]
    assert ["source.fixAll.initlint"] == [one["kind"] for one in only] == [one["kind"] for one in none]


def test_a_mistake_in_the_configuration_is_told(editor: Editor, tmp_path: Path) -> None:
    """And the server goes on."""
    (tmp_path / "initlint.toml").write_text("selct = []", encoding="utf-8")
    document = {"uri": (tmp_path / "a.py").as_uri(), "languageId": "python", "version": 1, "text": TEXT}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    message = editor.wait(lambda one: one.get("method") == "window/showMessage")
    (tmp_path / "initlint.toml").unlink()

    assert "unknown key 'selct'" in message["params"]["message"]
    assert 1 == len(opened(editor, tmp_path / "b.py"))


def test_an_ignore_can_be_added(line_rules: None, tmp_path: Path) -> None:
    """As a comment on the line of the finding."""
    from initlint.config import Settings
    from initlint.engine import make
    from initlint.integrations.server import Linted, _quick_fixes
    from initlint.source.files import given

    engine = make(Settings())
    outcome = engine.run(given("net.py", b"import torch\nbad\n"))
    source = outcome.text("net.py")
    assert source is not None
    fix, ignore = _quick_fixes(outcome.findings[0], "file:///net.py", Linted(source, outcome, engine))

    assert "initlint: Write `good`" == fix.title
    assert ignore.edit is not None
    assert ignore.edit.changes is not None
    assert "bad  # initlint: ignore[INI901]" == ignore.edit.changes["file:///net.py"][0].new_text
