"""pygls' protocol with our own texts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeAlias, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol.language_server import LanguageServerProtocol, lsp_method

from pitchpipe_server.positions import UNITS
from pitchpipe_server.texts import Texts

Steps: TypeAlias = Generator[Any, Any, None]


class Protocol(LanguageServerProtocol):
    """The language server protocol whose open texts are `texts`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.texts = Texts()
        super().__init__(*arguments, **named)

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Forgets a message that has been handled; pygls 2.1 keeps 2 kB of each notification."""

        def handled(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, handled, args, kwargs)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Says so where a request's parameters are wrong; pygls 2.1 leaves it without an answer."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], None, error.to_response_error())
            raise

    def handle_message(self, message: Any) -> None:
        """Refuses requests behind `shutdown`, which pygls 2.1 leaves without an answer."""
        if self._shutdown and hasattr(message, "id") and hasattr(message, "method"):
            error = JsonRpcInvalidRequest("the server was told to shut down")
            self._send_response(message.id, None, error.to_response_error())
            return
        super().handle_message(message)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Steps:
        encoding = self.workspace.position_encoding
        self.texts.units = UNITS[str(getattr(encoding, "value", encoding))]
        self.texts.open(params.text_document)
        yield from self._handled(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Steps:
        document = params.text_document
        self.texts.change(document.uri, document.version, params.content_changes)
        yield from self._handled(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Steps:
        self.texts.close(params.text_document.uri)
        yield from self._handled(types.TEXT_DOCUMENT_DID_CLOSE, params)

    def _handled(self, method: str, params: Any) -> Steps:
        features = cast("dict[str, Any]", self.fm.features)  # pyright: ignore[reportUnknownMemberType]
        if (handler := features.get(method)) is not None:
            yield handler, (params,), None
