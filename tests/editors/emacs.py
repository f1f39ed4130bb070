"""Emacs, asked through emacsclient and typed into, with eglot or with lsp-mode."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

from editors.project import documented, surroundings, until
from editors.terminal import Terminal

_BASICS = """
(require 'package)
(package-initialize)
(require 'json)
(setq make-backup-files nil auto-save-default nil create-lockfiles nil vc-handled-backends nil
      inhibit-startup-screen t enable-local-variables nil suggest-key-bindings nil
      native-comp-deferred-compilation nil server-name "tested")
(require 'yaml-mode)
(require 'server)
(server-start)
(defvar seen nil "What the mode line said of runs, newest first.")
"""
_EGLOT_BASICS = """
(setq eglot-autoshutdown t project-find-functions (list (lambda (_) (cons 'transient "{}"))))
"""
_LSP_BASICS = """
(setq lsp-session-file "{home}/session" lsp-enable-file-watchers nil lsp-restart 'ignore
      lsp-keep-workspace-alive nil lsp-headerline-breadcrumb-enable nil)
(lsp-workspace-folders-add "{project}")
(advice-add 'lsp-on-progress-modeline :after
  (lambda (&rest _) (let ((said (lsp--progress-status))) (when said (push said seen)))))
"""


class _Emacs:
    """What both clients have in common."""

    def __init__(self, program: str, file: Path, home: Path, settings: str) -> None:
        """`settings`: what the user's init file holds."""
        runtime = home / "run"
        runtime.mkdir(mode=0o700)
        self._env = surroundings(home) | {"XDG_RUNTIME_DIR": str(runtime)}
        self._program = program
        self._buffer = json.dumps(file.name, ensure_ascii=False)
        init = home / "init.el"
        init.write_text(_BASICS + settings, encoding="utf-8")
        command = [program, "-nw", "-q", "-l", str(init), str(file)]
        self._terminal = Terminal(command, cwd=file.parent, env=self._env)
        try:
            until(lambda: any(runtime.rglob("tested")), "Emacs starts")
        except AssertionError:
            self._terminal.close()
            raise AssertionError(self._terminal.drawn) from None

    def findings(self) -> list[str]:
        return list(
            self._lisp("(vconcat (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))")
        )

    def text(self) -> str:
        return self._lisp("(buffer-substring-no-properties (point-min) (point-max))")

    def complete(self, line: int, typed: str, then: str) -> None:
        self._lisp(f"(progn (goto-char (point-min)) (forward-line {line - 1}) (end-of-line) t)")
        self._terminal.press("\r")
        indented = "(progn (delete-horizontal-space) (insert-char 32 2) t)"
        self._lisp(indented)
        self._terminal.press(typed)
        until(lambda: f"  {typed}" in self.text(), "the keys arrive")
        self._terminal.press("\x1bxcompletion-at-point\r")
        until(lambda: f"  {typed}\n" not in self.text(), "the key is completed")
        self._terminal.press(then)

    def replace(self, old: str, new: str) -> None:
        self._lisp(
            "(save-excursion (goto-char (point-min))"
            f' (search-forward "{old}") (replace-match "{new}") t)'
        )

    def save(self) -> None:
        self._lisp("(progn (save-buffer) t)")

    def command(self, name: str) -> None:
        self._terminal.press(f"\x1bxpitchpipe-{name}\r")

    def close(self) -> None:
        try:
            self._lisp("(progn (set-buffer-modified-p nil) (run-at-time 0 nil #'kill-emacs) t)")
            until(lambda: self._terminal.ended, "Emacs ends")
        finally:
            self._terminal.close()

    def _go(self, line: int, word: str) -> None:
        self._lisp(
            f"(progn (goto-char (point-min)) (forward-line {line - 1})"
            f' (search-forward "{word}") (goto-char (1+ (match-beginning 0))) t)'
        )

    def _shown_in(self, buffer: str) -> str:
        """The text of the buffer whose name begins so; empty where there is none."""
        return self._lisp(
            f'(let ((found (seq-find (lambda (b) (string-prefix-p "{buffer}" (buffer-name b)))'
            ' (buffer-list)))) (if found (with-current-buffer found (buffer-string)) ""))'
        )

    def _lisp(self, expression: str) -> Any:
        """The value of an expression in the workflow's window, by way of JSON in base 64."""
        whole = (
            f"(with-selected-window (get-buffer-window {self._buffer} t)"
            f" (base64-encode-string (encode-coding-string (json-encode {expression}) 'utf-8) t))"
        )
        client = str(Path(self._program).with_name("emacsclient"))
        done = subprocess.run(
            [client, "-s", "tested", "--eval", whole],
            env=self._env,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0, f"{done.stderr}\n{self._terminal.drawn[-2000:]}"
        return json.loads(base64.b64decode(done.stdout.strip().strip('"')))


class Eglot(_Emacs):
    def __init__(self, program: str, file: Path, home: Path) -> None:
        settings = _EGLOT_BASICS.replace("{}", f"{file.parent}/")
        super().__init__(program, file, home, settings + documented("emacs.md", "eglot", "elisp"))

    def hover(self, line: int, word: str) -> None:
        self._go(line, word)
        self._terminal.press("\x1bxeldoc\r")

    def hovered(self) -> str:
        return self._shown_in("*eldoc")

    def fix(self, line: int, word: str) -> None:
        self._go(line, word)
        self._terminal.press("\x1bxeglot-code-actions\r\r")

    def format(self) -> None:
        self._terminal.press("\x1bxeglot-format-buffer\r")

    def progress(self) -> list[str] | None:
        return None

    def log(self) -> str:
        return self._shown_in("*Messages*")


class LspMode(_Emacs):
    def __init__(self, program: str, file: Path, home: Path) -> None:
        settings = _LSP_BASICS.format(home=home, project=file.parent)
        whole = documented("emacs.md", "lsp-mode", "elisp") + settings
        super().__init__(program, file, home, whole)

    def hover(self, line: int, word: str) -> None:
        self._go(line, word)
        self._terminal.press("\x1bxlsp-describe-thing-at-point\r")

    def hovered(self) -> str:
        return self._shown_in("*lsp-help*")

    def fix(self, line: int, word: str) -> None:
        self._go(line, word)
        self._terminal.press("\x1bxlsp-execute-code-action\r")

    def format(self) -> None:
        self._terminal.press("\x1bxlsp-format-buffer\r")

    def progress(self) -> list[str] | None:
        return list(self._lisp("(vconcat seen)"))

    def log(self) -> str:
        return self._shown_in("*lsp-log*")


def can_load(program: str, library: str) -> bool:
    """Whether Emacs has a library, as its own or as a package."""
    check = f'(progn (package-initialize) (kill-emacs (if (locate-library "{library}") 0 1)))'
    done = subprocess.run(
        [program, "--batch", "--eval", "(require 'package)", "--eval", check],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
