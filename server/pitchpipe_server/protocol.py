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
        self._begun = False
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
                refused = self._refusal(data["method"]) or error
                self._send_response(data["id"], None, refused.to_response_error())
            raise

    def handle_message(self, message: Any) -> None:
        """Lets through what LSP allows before `initialize` and behind `shutdown`.

        Other requests are refused, other notifications dropped; pygls 2.1 answers the first and
        leaves the second without an answer.
        """
        method = getattr(message, "method", None)
        if method is not None and (refused := self._refusal(method)):
            if hasattr(message, "id"):
                self._send_response(message.id, None, refused.to_response_error())
            return
        self._begun = self._begun or method == types.INITIALIZE
        super().handle_message(message)

    def _refusal(self, method: str) -> JsonRpcException | None:
        """Why a message can't be taken now; None where it can."""
        if method == types.EXIT:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("the server was told to shut down")
        if not self._begun and method != types.INITIALIZE:
            code = types.ErrorCodes.ServerNotInitialized.value
            return JsonRpcException("the server waits for `initialize`", code)
        if self._begun and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("the server is initialized already")
        return None

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
