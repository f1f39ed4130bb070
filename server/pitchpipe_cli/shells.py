"""Completion scripts for shells, generated from an argparse parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

# What stands for a file on the command line, for a run, for a key of a workflow; codes are choices,
# and anything else that takes a value is free text.
_KINDS = {"FILE": "file", "PATH": "file", "MODEL": "file", "RUN": "run", "KEY=VALUE": "key"}
_CODE = "CODE"

_RUNS = "pitchpipe runs list --format ids 2>/dev/null"


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or (with no `names`) a positional.

    `value` is "", "choice", "file", "run" (an id or a folder), "key" or "text".
    """

    names: tuple[str, ...]
    help: str
    value: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its words (`("runs", "list")`, `()` for the program itself)."""

    words: tuple[str, ...]
    help: str
    arguments: tuple[Argument, ...]
    commands: tuple[tuple[str, str], ...]


def grammar(
    parser: argparse.ArgumentParser, keys: Sequence[str] = (), codes: Sequence[str] = ()
) -> list[Command]:
    """Every command below `parser`, itself first.

    `keys` are those that `--set` takes, `codes` those of findings.
    """
    words = _Words(tuple(f"{key}=" for key in keys), tuple(codes))
    return list(_commands(parser, (), "", words))


@dataclass(frozen=True, slots=True)
class _Words:
    """What can stand for a key and its `=`, and what for a code."""

    keys: tuple[str, ...]
    codes: tuple[str, ...]


def _commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...], summary: str, known: _Words
) -> Iterator[Command]:
    actions: list[Any] = parser._actions  # pyright: ignore[reportPrivateUsage]
    below = [a for a in actions if isinstance(a.choices, dict)]
    names = [(c.dest, str(c.help)) for a in below for c in a._choices_actions]
    shown = [a for a in actions if a.help != argparse.SUPPRESS]
    own = tuple(_argument(a, known) for a in shown if not isinstance(a.choices, dict))
    yield Command(words, summary, own, tuple(names))
    for action in below:
        for name, help_text in names:
            yield from _commands(action.choices[name], (*words, name), help_text, known)


def _argument(action: argparse.Action, known: _Words) -> Argument:
    choices = tuple(map(str, cast("tuple[object, ...]", action.choices or ())))
    if action.metavar == _CODE:
        choices = known.codes
    if action.nargs == 0:
        value = ""
    elif choices:
        value = "choice"
    else:
        value = _KINDS.get(str(action.metavar), "text")
        choices = known.keys if value == "key" else ()
    names = tuple(sorted(action.option_strings, key=len))
    summary = (action.help or "").replace("%%", "%").split(" (", maxsplit=1)[0]
    return Argument(names, summary, value, choices)


def script(shell: str, commands: list[Command]) -> str:
    """The script that teaches `shell` the commands."""
    makers = {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}
    return makers[shell](commands)


def _options(command: Command) -> list[str]:
    return [name for argument in command.arguments for name in argument.names]


def _positionals(command: Command) -> list[Argument]:
    return [argument for argument in command.arguments if not argument.names]


def _words(command: Command) -> list[str]:
    """What can stand at a place where no option's value is due."""
    choices = [choice for argument in _positionals(command) for choice in argument.choices]
    return [*(name for name, _ in command.commands), *choices, *_options(command)]


def _takes(command: Command, *kinds: str) -> bool:
    """Whether something of these kinds can stand where no option's value is due."""
    return any(argument.value in kinds for argument in _positionals(command))


# bash


def _bash(commands: list[Command]) -> str:
    paths = " | ".join(f'"{" ".join(c.words)}"' for c in commands if c.words)
    cases = "".join(_bash_case(command) for command in commands)
    return f"""\
# bash completion for pitchpipe. To use it: eval "$(pitchpipe completion bash)"
_pitchpipe() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="" words="" files="" runs="" values="" word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "${{command:+$command }}$word" in
            {paths}) command="${{command:+$command }}$word" ;;
        esac
    done
    COMPREPLY=()
    case "$command" in
{cases}    esac
    if [[ $values == files ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames 2>/dev/null
    elif [[ $values == runs ]]; then
        COMPREPLY=($(compgen -W "$({_RUNS})" -- "$current") $(compgen -d -- "$current"))
    elif [[ -n $values ]]; then
        COMPREPLY=($(compgen -W "$values" -- "$current"))
        [[ ${{COMPREPLY[*]}} == *= ]] && compopt -o nospace 2>/dev/null
    elif [[ $current != -* && -n $runs ]]; then
        COMPREPLY=($(compgen -W "$({_RUNS})" -- "$current") $(compgen -d -- "$current"))
    elif [[ $current == -* || -z $files ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames 2>/dev/null
    fi
}}
complete -F _pitchpipe pitchpipe
"""


def _bash_case(command: Command) -> str:
    values = [
        f'{"|".join(a.names)}) values="{_bash_values(a)}" ;;'
        for a in command.arguments
        if a.names and a.value
    ]
    lines = [
        f'words="{" ".join(_words(command))}"',
        *(["files=yes"] if _takes(command, "file") else []),
        *(["runs=yes"] if _takes(command, "run") else []),
        *([f'case "$previous" in {" ".join(values)} esac'] if values else []),
    ]
    body = "".join(f"            {line}\n" for line in lines)
    return f'        "{" ".join(command.words)}")\n{body}            ;;\n'


def _bash_values(argument: Argument) -> str:
    """Free text gets a value that completes to nothing."""
    kinds = {"file": "files", "run": "runs", "text": " "}
    return kinds.get(argument.value, " ".join(argument.choices))


# zsh


def _zsh(commands: list[Command]) -> str:
    functions = "\n".join(_zsh_function(command) for command in commands)
    keys = next((a.choices for c in commands for a in c.arguments if a.value == "key"), ())
    return f"""\
#compdef pitchpipe
# zsh completion for pitchpipe. To use it: eval "$(pitchpipe completion zsh)"
_pitchpipe__ids() {{
    local -a ids=("${{(@f)$({_RUNS})}}")
    compadd -a ids
    _files -/
}}
_pitchpipe__keys() {{
    compadd -S '' -- {" ".join(keys)}
}}
{functions}
if [ "$funcstack[1]" = "_pitchpipe" ]; then
    _pitchpipe "$@"
else
    compdef _pitchpipe pitchpipe
fi
"""


def _zsh_function(command: Command) -> str:
    name = "_".join(["_pitchpipe", *command.words])
    specs = [spec for argument in command.arguments for spec in _zsh_specs(argument)]
    body = ""
    if command.commands:
        specs += ["'1: :->command'", "'*:: :->rest'"]
        body = _zsh_commands(name, command)
    arguments = "".join(f" \\\n        {spec}" for spec in specs)
    return f"{name}() {{\n    local line state\n    _arguments -C{arguments}\n{body}}}\n"


def _zsh_commands(name: str, command: Command) -> str:
    named = " ".join(_quoted(f"{n}:{h}") for n, h in command.commands)
    cases = "".join(f"                {n}) {name}_{n} ;;\n" for n, _ in command.commands)
    return f"""\
    case $state in
        command)
            local -a commands=({named})
            _describe command commands
            ;;
        rest)
            case $line[1] in
{cases}            esac
            ;;
    esac
"""


def _zsh_specs(argument: Argument) -> Iterator[str]:
    value = {
        "": "",
        "choice": f":value:({' '.join(argument.choices)})",
        "key": ":key:_pitchpipe__keys",
        "file": ":file:_files",
        "run": ":run:_pitchpipe__ids",
    }
    action = value.get(argument.value, ":value:")
    if not argument.names:
        yield _quoted(f"*{action}")
    summary = argument.help.translate(str.maketrans({"[": "(", "]": ")", ":": r"\:"}))
    for name in argument.names:
        yield _quoted(f"*{name}[{summary}]{action}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# fish


def _fish(commands: list[Command]) -> str:
    lines = [
        "# fish completion for pitchpipe. To use it: pitchpipe completion fish | source",
        "complete -c pitchpipe -f",
    ]
    lines += [line for command in commands for line in _fish_lines(command)]
    return "".join(f"{line}\n" for line in lines)


def _fish_lines(command: Command) -> Iterator[str]:
    at = f"complete -c pitchpipe -n {_fish_quoted(_fish_condition(command))}"
    for name, summary in command.commands:
        yield f"{at} -a {name} -d {_fish_quoted(summary)}"
    if _takes(command, "file", "run"):
        yield f"{at} -F"
    if _takes(command, "run"):
        yield f"{at} -a {_fish_quoted(f'({_RUNS})')}"
    for argument in command.arguments:
        values = f"-a {_fish_quoted(' '.join(argument.choices))}"
        if argument.names:
            runs = f" -r -F -a {_fish_quoted(f'({_RUNS})')}"
            offered = f" -x {values}"
            kinds = {"": "", "file": " -r -F", "choice": offered, "key": offered, "run": runs}
            takes = kinds.get(argument.value, " -x")
            yield f"{at} {_fish_names(argument)}{takes} -d {_fish_quoted(argument.help)}"
        elif argument.choices:
            yield f"{at} {values}"


def _fish_names(argument: Argument) -> str:
    kinds = ((name, "-l" if name.startswith("--") else "-s") for name in argument.names)
    return " ".join(f"{kind} {name.lstrip('-')}" for name, kind in kinds)


def _fish_condition(command: Command) -> str:
    """All the command's words were given, and none of those that would lead further."""
    terms = [f"__fish_seen_subcommand_from {word}" for word in command.words]
    if command.commands:
        further = " ".join(name for name, _ in command.commands)
        terms.append(f"not __fish_seen_subcommand_from {further}")
    return "; and ".join(terms)


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# PowerShell


def _powershell(commands: list[Command]) -> str:
    words = "".join(f"        '{' '.join(c.words)}' = @({_ps_list(_words(c))})\n" for c in commands)
    values = "".join(
        f"        '{' '.join([*c.words, name])}' = @({_ps_list(a.choices)})\n"
        for c in commands
        for a in c.arguments
        for name in a.names
        if a.value in {"choice", "key"}
    )
    runs = [" ".join(c.words) for c in commands if _takes(c, "run")]
    runs += [
        " ".join([*c.words, name])
        for c in commands
        for a in c.arguments
        if a.value == "run"
        for name in a.names
    ]
    return f"""\
# PowerShell completion for pitchpipe.
# To use it: pitchpipe completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName pitchpipe -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @{{
{words}    }}
    $values = @{{
{values}    }}
    $runs = @({_ps_list(runs)})
    $command = ''
    $previous = ''
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {{
        if ($element.Extent.EndOffset -ge $cursorPosition) {{ break }}
        $previous = "$element"
        $longer = "$command $element".Trim()
        if ($words.ContainsKey($longer)) {{ $command = $longer }}
    }}
    $at = "$command $previous".Trim()
    $offered = $values[$at]
    if ($null -eq $offered -and ($runs -contains $at -or $runs -contains $command)) {{
        $offered = @(pitchpipe runs list --format ids 2>$null) + $words[$command]
    }}
    if ($null -eq $offered) {{ $offered = $words[$command] }}
    $offered | Where-Object {{ $_ -like "$wordToComplete*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}
"""


def _ps_list(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
