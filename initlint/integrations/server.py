"""The language server: findings while one types, fixes as code actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from initlint import __version__
from initlint.config import load
from initlint.engine import Engine, Outcome, make
from initlint.errors import InitlintError
from initlint.finding import Applicability, Edit, Finding, Severity, Span
from initlint.repair import repair
from initlint.source.annotate import annotate
from initlint.source.files import given
from initlint.source.read import Problem
from initlint.source.text import SourceText

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.initlint"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True)
class Linted:
    """What was found in one version of an editor's text."""

    source: SourceText
    outcome: Outcome
    engine: Engine


class Server(LanguageServer):
    """Findings for open Python files. `linted` holds the latest for each."""

    def __init__(self) -> None:
        super().__init__("initlint", __version__)
        self.linted: dict[str, Linted] = {}

    def lint(self, uri: str) -> None:
        """Lint what the editor shows, and tell it."""
        document = self.workspace.get_text_document(uri)
        path = to_fs_path(uri) or uri
        try:
            engine = make(load(path))
            outcome = engine.run(given(path, document.source.encode(errors="surrogatepass")))
        except InitlintError as error:
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"initlint: {error}"))
            return
        source = outcome.text(path)
        if source is None:
            self.linted.pop(uri, None)
            source = SourceText(path, document.source)
        else:
            self.linted[uri] = Linted(source, outcome, engine)
        diagnostics = [_diagnostic(one, source) for one in outcome.findings]
        diagnostics += [_warning(problem, source) for _, problem in outcome.settler.misread()]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, diagnostics, version=document.version)
        )

    def actions(self, uri: str, asked: types.Range, only: Sequence[str] | None) -> list[types.CodeAction]:
        """The fixes of the findings in a range, an ignore for each, and all safe fixes at once."""
        linted = self.linted.get(uri)
        if linted is None:
            return []
        found = [one for one in linted.outcome.findings if _overlap(_range(one.span, linted.source), asked)]
        offered = [action for one in found for action in _quick_fixes(one, uri, linted)]
        if (everything := _fix_all(uri, linted)) is not None:
            offered.append(everything)
        return [one for one in offered if not only or _is_wanted(one, only)]


def build() -> Server:
    """A server that answers; nothing is started yet."""
    server = Server()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.lint(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        server.lint(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.lint(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.linted.pop(params.text_document.uri, None)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

    kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def asked(params: types.CodeActionParams) -> list[types.CodeAction]:
        return server.actions(params.text_document.uri, params.range, params.context.only)

    return server


def start() -> None:
    """Serve the editor over standard input and output."""
    build().start_io()


def _diagnostic(finding: Finding, source: SourceText) -> types.Diagnostic:
    text = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    return types.Diagnostic(
        range=_range(finding.span, source),
        message=text,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(finding.url),
        source="initlint",
        tags=[types.DiagnosticTag.Unnecessary] if finding.code == "INI001" else None,
    )


def _warning(problem: Problem, source: SourceText) -> types.Diagnostic:
    return types.Diagnostic(
        range=_range(problem.span, source),
        message=problem.message,
        severity=types.DiagnosticSeverity.Warning,
        source="initlint",
    )


def _quick_fixes(finding: Finding, uri: str, linted: Linted) -> Iterator[types.CodeAction]:
    diagnostic = [_diagnostic(finding, linted.source)]
    if finding.fix is not None:
        safe = finding.fix.applicability is Applicability.SAFE
        yield types.CodeAction(
            title=f"initlint: {finding.fix.message}" + ("" if safe else " (unsafe)"),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=diagnostic,
            is_preferred=safe,
            edit=_workspace_edit(uri, [_text_edit(edit, linted.source) for edit in finding.fix.edits]),
        )
    after, count = annotate(linted.source, [finding])
    if count:
        yield types.CodeAction(
            title=f"initlint: Ignore {finding.code} on this line",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=diagnostic,
            edit=_workspace_edit(uri, _line_edits(linted.source, after)),
        )


def _fix_all(uri: str, linted: Linted) -> types.CodeAction | None:
    change = repair(linted.engine, linted.outcome, unsafe=False).changes.get(linted.source.path)
    if change is None:
        return None
    before, after = change
    whole = Span(1, 1, len(before.lines), len(before.lines[-1]) + 1)
    return types.CodeAction(
        title="initlint: Make all safe fixes",
        kind=FIX_ALL,
        edit=_workspace_edit(uri, [types.TextEdit(_range(whole, before), after.text)]),
    )


def _is_wanted(action: types.CodeAction, only: Sequence[str]) -> bool:
    """Whether the action is of one of the kinds asked for, or of a kind below it."""
    return any(action.kind == kind or str(action.kind).startswith(f"{kind}.") for kind in only)


def _workspace_edit(uri: str, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    return types.WorkspaceEdit(changes={uri: edits})


def _text_edit(edit: Edit, source: SourceText) -> types.TextEdit:
    return types.TextEdit(_range(edit.span, source), edit.replacement)


def _line_edits(before: SourceText, after: SourceText) -> list[types.TextEdit]:
    """The lines that differ, each replaced: both texts have as many."""
    return [
        types.TextEdit(_range(Span(number, 1, number, len(old) + 1), before), new)
        for number, (old, new) in enumerate(zip(before.lines, after.lines, strict=True), start=1)
        if old != new
    ]


def _range(span: Span, source: SourceText) -> types.Range:
    return types.Range(
        _position(span.line, span.column, source),
        _position(span.end_line, span.end_column, source),
    )


def _position(line: int, column: int, source: SourceText) -> types.Position:
    """From 1 to 0, and from characters to the UTF-16 units that the protocol counts in."""
    text = source.lines[line - 1] if line <= len(source.lines) else ""
    before = text[: column - 1]
    return types.Position(line - 1, len(before.encode("utf-16-le", "surrogatepass")) // 2)


def _overlap(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end
