"""The grammar of the command line: help, usage errors and shell completion come from here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from pitchpipe import __version__
from pitchpipe.dialects.recognise import NAMES, NATIVE
from pitchpipe.suggest import nearest
from pitchpipe_cli import terminal

STAGES = ("fetch", "prepare", "train", "merge", "export", "evaluate", "report")
TASKS = ("text-generation", "classification")
METHODS = ("lora", "qlora", "full")
FORMATS = ("native", "olive", "axolotl", "llama-factory", "trl")
SCHEMAS = ("workflow", "plan", "event")
HEADS = (
    *("causal-lm", "seq2seq-lm", "masked-lm"),
    *("sequence-classification", "token-classification"),
)
SHARDINGS = ("ddp", "zero2", "zero3", "fsdp2")
SEVERITIES = ("error", "warning", "hint")
DIALECTS = (NATIVE, *NAMES)
REPORTS = ("text", "json", "sarif", "github", "junit")
SHELLS = ("bash", "zsh", "fish", "powershell")

_ABOUT_ALL = ("-h", "--help", "--version")

EXIT_CODES = """\
exit codes: 0 done, 1 the file is wrong, 2 the command line or the environment is wrong,
            3 the run failed, 130 interrupted"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes' line breaks, and long option names on one line with their help."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, max_help_position=28, **options)


class _Parser(argparse.ArgumentParser):
    """Writes as the commands do, so that a reader of `--help` may hang up too."""

    def error(self, message: str) -> NoReturn:
        """Says what an option that nobody knows may have meant."""
        words = message.removeprefix("unrecognized arguments: ").split()
        near = nearest(words[0], self.options) if words[0].startswith("--") else None
        super().error(f"{message}; did you mean `{near}`?" if near else message)

    @property
    def options(self) -> list[str]:
        """Those of all commands, since what none of them knows is told by the whole parser."""
        found = list(self._option_string_actions)
        for action in self._actions:
            # Those of the action for commands are parsers by name, those of others words.
            choices: Any = action.choices
            commands: list[_Parser] = list(choices.values()) if hasattr(choices, "values") else []
            found += [option for command in commands for option in command.options]
        return found

    def _print_message(self, message: str, file: object = None) -> None:
        write = terminal.out if file is sys.stdout else terminal.err
        write(message)


def build(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of `pitchpipe`.

    The namespace that it gives names the command's module in `command`. `only` is the first word
    of the command line; where that is a command, no other has its arguments, which saves
    milliseconds.
    """
    parser = _Parser(
        prog="pitchpipe",
        description="Checks, plans and runs fine-tuning workflows written in YAML.",
        epilog=EXIT_CODES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    python = ".".join(map(str, sys.version_info[:3]))
    version = f"%(prog)s {__version__} (Python {python})"
    parser.add_argument("--version", action="version", version=version, help="print the version")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands"
    )
    known = (
        ("check", _check, "say what is wrong with workflow files"),
        ("plan", _plan, "show every resolved value and where it came from"),
        ("run", _run, "fine-tune, export and evaluate as a workflow file says"),
        ("finetune", _finetune, "fine-tune as options say, those of `olive finetune`"),
        ("init", _init, "write a commented workflow file to start from"),
        ("convert", _convert, "write a file anew in another tool's format"),
        ("modules", _modules, "show what a model consists of, and what is trained"),
        ("estimate", _estimate, "say what memory and time a workflow takes"),
        ("preview", _preview, "show rows as the model will see them"),
        ("explain", _explain, "explain a finding's code, a key or a workflow file"),
        ("runs", _runs, "list, show and remove runs"),
        ("schema", _schema, "print a JSON Schema"),
        ("lsp", _lsp, "serve editors: the language server, over stdio"),
        ("completion", _completion, "print a shell's completion script"),
    )
    alone = only in _ABOUT_ALL or any(only == name for name, _, _ in known)
    for name, fill, summary in known:
        command = _command(commands, name, summary)
        if name == only or not alone:
            fill(command)
    return parser


def _command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=EXIT_CODES,
        formatter_class=_Help,
        allow_abbrev=False,
    )


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="workflow files, folders, patterns such as '**/*.tune.yaml'; - is stdin",
    )
    parser.add_argument(
        "--fix", action="store_true", help="take all safe fixes, and write the files that change"
    )
    parser.add_argument(
        "--diff", action="store_true", help="show what --fix would change, and write nothing"
    )
    parser.add_argument(
        "--select",
        metavar="CODE",
        action="append",
        default=[],
        help="speak of these codes alone, parted by commas (repeatable)",
    )
    parser.add_argument(
        "--ignore",
        metavar="CODE",
        action="append",
        default=[],
        help="don't speak of these codes, parted by commas (repeatable)",
    )
    parser.add_argument(
        "--severity",
        choices=SEVERITIES,
        default="hint",
        help="the least grave findings to speak of: error, warning or hint (default: hint)",
    )
    parser.add_argument("--strict", action="store_true", help="fail for warnings, too")
    _with(parser)
    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        help="whose format the files have (default: as each itself shows): " + ", ".join(DIALECTS),
    )
    parser.add_argument(
        "--stdin-filename", metavar="FILE", help="what to take standard input for, if it is given"
    )
    parser.add_argument(
        "--format", choices=REPORTS, default="text", help=f"output as {_or(REPORTS)}"
    )


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a workflow file; - is stdin")
    _with(parser)
    _set(parser)
    _format(parser)


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a workflow file, or the plan.json of another run"
    )
    _with(parser)
    _set(parser)
    parser.add_argument(
        "--only",
        metavar="STAGE",
        action="append",
        choices=STAGES,
        default=[],
        help=f"run this stage alone (repeatable): {', '.join(STAGES)}",
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="go the whole way in seconds, on a tiny random model of the same architecture",
    )
    parser.add_argument("--fresh", action="store_true", help="reuse no stage of earlier runs")
    parser.add_argument(
        "--resume",
        metavar="RUN",
        nargs="?",
        const="",
        help="go on with a run (its id or folder); without RUN, with FILE's newest unfinished one",
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python that trains (default: $PITCHPIPE_PYTHON, else the one of this command)",
    )
    parser.add_argument("--config", metavar="FILE", help="the same as FILE")
    parser.add_argument(
        "--setup",
        action="store_true",
        help="list the packages that are missing, install them after consent, then run",
    )
    parser.add_argument("-y", "--yes", action="store_true", help="install without being asked")
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="let a model with `trust_remote_code: true` run its own code on this machine",
    )
    # As Olive spells it.
    parser.add_argument(
        "--trust_remote_code",
        action="store_true",
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )
    _watching(parser)


def _watching(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print warnings and the outcome alone"
    )
    _format(parser, "text", "text, or json: the event lines as they are written")


def _finetune(parser: argparse.ArgumentParser) -> None:
    from pitchpipe_cli import olive_options

    olive_options.add(parser)
    parser.add_argument(
        "-o", "--output_path", metavar="FOLDER", help="also put the adapter and the model there"
    )
    parser.add_argument(
        "--print-workflow", action="store_true", help="print the workflow file that it comes to"
    )
    parser.add_argument("--dry_run", action="store_true", help="check the options, and stop")
    parser.add_argument(
        "--save_config_file", action="store_true", help="also write the workflow file"
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="go the whole way in seconds, on a tiny random model of the same architecture",
    )
    parser.add_argument("--fresh", action="store_true", help="reuse no stage of earlier runs")
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python that trains (default: $PITCHPIPE_PYTHON, else the one of this command)",
    )
    _watching(parser)
    parser.set_defaults(only=[], resume=None)


def _convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file to convert")
    parser.add_argument(
        "--to", choices=FORMATS, default=FORMATS[0], help="the format to write (default: native)"
    )
    parser.add_argument(
        "--dialect", choices=FORMATS, help="the format of FILE, where its keys don't tell"
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="the file to write, not the terminal")
    parser.add_argument("--force", action="store_true", help="overwrite OUT")


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file to write")
    parser.add_argument("--task", choices=TASKS, default="text-generation", help="what to learn")
    parser.add_argument("--model", metavar="MODEL", help="a local folder or a hub name")
    parser.add_argument("--method", choices=METHODS, default="lora", help="what is trained of it")
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="the training rows, a file whose columns are looked at or a data set of the hub",
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE")


def _modules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="a model's folder, a hub name, a model type (llama), or a workflow file",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        action="append",
        default=[],
        help="mark what PEFT would adapt: all-linear, attention, mlp, attention+mlp, names of "
        "modules, or one regular expression (repeatable)",
    )
    parser.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="but not these (repeatable)"
    )
    parser.add_argument("--rank", metavar="R", type=_rank, help="the adapters' rank (default: 16)")
    parser.add_argument("--filter", metavar="GLOB", help="show these modules alone, or this role")
    parser.add_argument("--head", choices=HEADS, help="the model's task (default: as it was saved)")
    parser.add_argument("--revision", metavar="NAME", help="of a hub model (default: main)")
    parser.add_argument(
        "--build",
        action="store_true",
        help="have the runner's Python build the model, without weights (takes seconds)",
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python that builds (default: $PITCHPIPE_PYTHON, else the one of this command)",
    )
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="let the model's own code run on this machine when it is built",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the model types and models that are known"
    )
    _format(parser)


def _rank(text: str) -> int:
    return _at_least_one(text, "a rank is at least 1")


def _count(text: str) -> int:
    return _at_least_one(text, "at least 1 device computes")


def _rows(text: str) -> int:
    return _at_least_one(text, "at least 1 row is shown")


def _skip(text: str) -> int:
    return 0 if text == "0" else _at_least_one(text, "at least 0 rows are passed over")


def _at_least_one(text: str, otherwise: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number") from error
    if number < 1:
        raise argparse.ArgumentTypeError(otherwise)
    return number


def _estimate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a workflow file; - is stdin")
    _with(parser)
    _set(parser)
    parser.add_argument(
        "--device",
        metavar="NAME",
        action="append",
        default=[],
        help="the device to estimate for, as in 'RTX 4090'; further ones are compared (repeatable)",
    )
    parser.add_argument(
        "--devices",
        metavar="N",
        type=_count,
        help="also say what each of N devices needs (default: as many as the named machine has)",
    )
    parser.add_argument(
        "--sharding",
        choices=SHARDINGS,
        help=f"how the devices share the work: {', '.join(SHARDINGS)} (default: all of them)",
    )
    parser.add_argument("--compare", action="store_true", help="set all methods side by side")
    parser.add_argument(
        "--count-tokens",
        action="store_true",
        help="count tokens with the model's tokenizer (takes seconds)",
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="count tokens, and trace a step without weights in the runner's Python",
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python that counts and traces (default: $PITCHPIPE_PYTHON, else this one)",
    )
    _format(parser)


def _preview(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a workflow file; - is stdin")
    _set(parser)
    parser.add_argument(
        "--rows", metavar="N", type=_rows, default=5, help="how many to show (default: 5)"
    )
    parser.add_argument(
        "--skip", metavar="N", type=_skip, default=0, help="how many to pass over first"
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python that tokenizes (default: $PITCHPIPE_PYTHON, else the one of this command)",
    )
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="let a model with `trust_remote_code: true` run its own code on this machine",
    )
    _format(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="WHAT", help="a code (unknown-key), a key (training.optim), or a file"
    )


def _runs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    listing = _command(actions, "list", "list runs, newest first")
    what = "output as text, as json, or their ids alone, one a line"
    listing.add_argument("--format", choices=("text", "json", "ids"), default="text", help=what)
    show = _command(actions, "show", "show a run: stages, metrics, evaluation, paths")
    show.add_argument("run", metavar="RUN", help="a run's id or folder")
    _format(show)
    remove = _command(actions, "rm", "remove runs and all that they made")
    remove.add_argument("runs", metavar="RUN", nargs="+", help="a run's id or folder")
    remove.add_argument("-y", "--yes", action="store_true", help="don't ask")


def _schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", choices=SCHEMAS, default="workflow", help="default: workflow"
    )


def _lsp(parser: argparse.ArgumentParser) -> None:
    what = "--tcp PORT, --ws PORT, --host, --verbose: `pitchpipe lsp --help`"
    parser.add_argument("wire", nargs=argparse.REMAINDER, metavar="OPTIONS", help=what)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def _with(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with",
        metavar="BASE",
        dest="base",
        help="the whole workflow that FILE is a part of, and whose values FILE's replace",
    )


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="override a value, as in training.max_steps=5 (repeatable)",
    )


def _format(
    parser: argparse.ArgumentParser, default: str = "text", what: str = "text or json"
) -> None:
    choices: Sequence[str] = ("text", "json")
    parser.add_argument("--format", choices=choices, default=default, help=f"output as {what}")
