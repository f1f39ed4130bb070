"""What a document consists of: outline, folds, selections, links, coloured pieces."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from pitchpipe_server.server import PitchpipeServer, answering

TOKEN_TYPES = ("variable", "macro", "property")
TOKEN_MODIFIERS = ("deprecated",)
# By kind of the core: the type's index, and the modifiers as bits. Unknown names are struck out.
_TOKENS = {
    "column": (0, 0),
    "unknown-column": (0, 1),
    "chat-marker": (1, 0),
    "variable": (2, 0),
    "unset-variable": (2, 1),
}
_SYMBOLS = {
    "section": types.SymbolKind.Module,
    "key": types.SymbolKind.Property,
    "string": types.SymbolKind.String,
    "number": types.SymbolKind.Number,
    "boolean": types.SymbolKind.Boolean,
    "null": types.SymbolKind.Null,
    "list": types.SymbolKind.Array,
}


@answering(None)
def document_symbol(
    server: PitchpipeServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
    from pitchpipe.ide.items import Symbol  # noqa: PLC0415
    from pitchpipe.ide.symbols import symbols  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened

    def nested(symbol: Symbol) -> types.DocumentSymbol:
        return types.DocumentSymbol(
            name=symbol.name,
            detail=symbol.detail or None,
            kind=_SYMBOLS[symbol.kind],
            range=text.positions.range(symbol.span),
            selection_range=text.positions.range(symbol.selection),
            children=[nested(child) for child in symbol.children],
        )

    def flat(found: Iterable[Symbol], above: str | None) -> Iterable[types.SymbolInformation]:
        for symbol in found:
            where = types.Location(text.uri, text.positions.range(symbol.span))
            kind = _SYMBOLS[symbol.kind]
            yield types.SymbolInformation(where, symbol.name, kind, container_name=above)
            yield from flat(symbol.children, symbol.name)

    found = symbols(snapshot)
    if server.can.hierarchical_symbols:
        return [nested(symbol) for symbol in found]
    return list(flat(found, None))


@answering(None)
def workspace_symbol(
    server: PitchpipeServer, params: types.WorkspaceSymbolParams
) -> list[types.SymbolInformation] | None:
    from pitchpipe.ide.symbols import search  # noqa: PLC0415

    opened = [found for text in server.texts if (found := server.opened(text.uri))]
    by_path = {snapshot.analysis.path: text for text, snapshot in opened}
    answer: list[types.SymbolInformation] = []
    for found in search([snapshot for _, snapshot in opened], params.query):
        text, symbol = by_path[found.path], found.symbol
        where = types.Location(text.uri, text.positions.range(symbol.selection))
        kind = _SYMBOLS[symbol.kind]
        answer.append(
            types.SymbolInformation(where, symbol.name, kind, container_name=found.section or None)
        )
    return answer


@answering(None)
def folding_range(
    server: PitchpipeServer, params: types.FoldingRangeParams
) -> list[types.FoldingRange] | None:
    from pitchpipe.ide.folding import foldings  # noqa: PLC0415

    snapshot = server.snapshot(params.text_document.uri)
    return snapshot and [
        types.FoldingRange(fold.start_line, fold.end_line, kind=fold.kind or None)
        for fold in foldings(snapshot)
    ]


@answering(None)
def selection_range(
    server: PitchpipeServer, params: types.SelectionRangeParams
) -> list[types.SelectionRange] | None:
    from pitchpipe.ide.selection import ranges  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    answer: list[types.SelectionRange] = []
    for position in params.positions:
        around: types.SelectionRange | None = None
        for span in reversed(ranges(snapshot, text.positions.offset(position))):
            around = types.SelectionRange(text.positions.range(span), around)
        answer.append(around or types.SelectionRange(types.Range(position, position)))
    return answer


@answering(None)
def document_link(
    server: PitchpipeServer, params: types.DocumentLinkParams
) -> list[types.DocumentLink] | None:
    from pitchpipe.ide.links import links  # noqa: PLC0415
    from pitchpipe_server.convert import address  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    return [
        types.DocumentLink(
            text.positions.range(link.span),
            target=address(link.target),
            tooltip=(server.can.link_tooltips and link.tooltip) or None,
        )
        for link in links(snapshot)
    ]


@answering(None)
def semantic_tokens(
    server: PitchpipeServer, params: types.SemanticTokensParams | types.SemanticTokensRangeParams
) -> types.SemanticTokens | None:
    from pitchpipe.ide.tokens import tokens  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    wanted = None
    if isinstance(params, types.SemanticTokensRangeParams):
        wanted = text.positions.span(params.range)
    data: list[int] = []
    line, column = 0, 0
    for token in tokens(snapshot, wanted):
        start, end = text.positions.range(token.span).start, text.positions.position(token.span.end)
        if start.line != end.line:
            continue
        kind, modifiers = _TOKENS[token.kind]
        moved = start.character - column if start.line == line else start.character
        data += [start.line - line, moved, end.character - start.character, kind, modifiers]
        line, column = start.line, start.character
    return types.SemanticTokens(data)
