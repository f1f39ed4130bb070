"""Neovim, asked over its own socket and typed into."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from editors.project import documented, surroundings, until
from editors.terminal import Terminal

# What the status line showed is remembered, and menus are answered with what `Wanted` says.
_WATCHED = """
Shown, Wanted = {}, ''
local status = vim.lsp.status
vim.lsp.status = function()
  local said = status()
  if said ~= '' then table.insert(Shown, said) end
  return said
end
vim.ui.select = function(items, options, choose)
  for index, item in ipairs(items) do
    if (options.format_item or tostring)(item):find(Wanted, 1, true) then
      return choose(item, index)
    end
  end
  choose(nil)
end
"""
_FLOATS = """
(function()
  local lines = {}
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      local buffer = vim.api.nvim_win_get_buf(window)
      vim.list_extend(lines, vim.api.nvim_buf_get_lines(buffer, 0, -1, false))
    end
  end
  return table.concat(lines, '\\n')
end)()
"""


class Neovim:
    def __init__(self, program: str, file: Path, home: Path) -> None:
        env = surroundings(home)
        settings = home / "init.lua"
        settings.write_text(_WATCHED + documented("neovim.md", "Neovim", "lua"), encoding="utf-8")
        self._ask = [program, "--clean", "--headless", "--server", str(home / "s"), "--remote-expr"]
        self._env = env
        command = [program, "-n", "-i", "NONE", "-u", str(settings), "--listen", str(home / "s")]
        self._terminal = Terminal([*command, str(file)], cwd=file.parent, env=env)
        until((home / "s").exists, "Neovim starts")

    def findings(self) -> list[str]:
        return self._lua("vim.tbl_map(function(d) return d.message end, vim.diagnostic.get(1))")

    def text(self) -> str:
        return self._lua("table.concat(vim.api.nvim_buf_get_lines(1, 0, -1, false), '\\n')") + "\n"

    def hover(self, line: int, word: str) -> None:
        self._go(line, word)
        self._terminal.press("K")

    def hovered(self) -> str:
        return self._lua(_FLOATS)

    def complete(self, line: int, typed: str, then: str) -> None:
        self._terminal.press(f"\x1b{line}Go{typed}")
        until(lambda: f"  {typed}\n" in self.text(), "the keys arrive")
        self._terminal.press("\x18\x0f")
        shown = "#(vim.fn.complete_info({ 'items' }).items or {})"
        until(lambda: self._lua(shown) == 1, "the one key is offered")
        self._terminal.press("\x0e\x19")
        until(lambda: f"  {typed}\n" not in self.text(), "the key is completed")
        # Neovim 0.11.4 raises if insert mode is left before the item taken is resolved.
        until(lambda: self._lua("vim.api.nvim_get_current_line()").endswith(": "), "its end, too")
        self._terminal.press(f"{then}\x1b")

    def fix(self, line: int, word: str) -> None:
        self._lua("(function() Wanted = 'Rename' end)()")
        self._go(line, word)
        self._terminal.press("gra")

    def format(self) -> None:
        self._terminal.press(":lua vim.lsp.buf.format()\r")

    def replace(self, old: str, new: str) -> None:
        self._terminal.press(f":%s/{old}/{new}/\r")

    def save(self) -> None:
        self._terminal.press(":silent write\r")

    def command(self, name: str) -> None:
        self._terminal.press(f":Pitchpipe{name.capitalize()}\r")

    def progress(self) -> list[str] | None:
        return list(self._lua("Shown"))

    def log(self) -> str:
        self._terminal.press(":PitchpipeLog\r")
        until(lambda: self._lua("#vim.api.nvim_list_wins()") == 2, "the log opens")
        shown = self._lua("table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')")
        self._terminal.press(":close\r")
        until(lambda: self._lua("#vim.api.nvim_list_wins()") == 1, "the log closes")
        return shown

    def close(self) -> None:
        self._terminal.press("\x1b:qall!\r")
        try:
            until(lambda: self._terminal.ended, "Neovim ends")
        finally:
            self._terminal.close()

    def _go(self, line: int, word: str) -> None:
        place = self._lua(f"vim.fn.getline({line}):find('{word}', 1, true)")
        self._lua(f"vim.api.nvim_win_set_cursor(0, {{ {line}, {place - 1} }})")

    def _lua(self, expression: str) -> Any:
        code = f"vim.json.encode({expression.strip()} or false)".replace("'", "''")
        done = subprocess.run(
            [*self._ask, f"luaeval('{code}')"],
            env=self._env,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0, f"{done.stderr}\n{self._terminal.drawn[-2000:]}"
        return json.loads(done.stdout or done.stderr)


def is_new_enough(program: str) -> bool:
    """Whether this Neovim has `vim.lsp.config`."""
    check = "if has('nvim-0.11') | qall! | else | cquit | endif"
    done = subprocess.run(
        [program, "--clean", "--headless", "-c", check], capture_output=True, check=False
    )
    return done.returncode == 0
