"""What a run needs that may be missing here, said before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from pitchpipe.optimizers import OPTIMIZERS
from pitchpipe.plan import Plan
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, RunFailure
from pitchpipe_runner.trackers import asked_for


@dataclass(frozen=True, slots=True)
class Need:
    """`package` is what pip installs, `modules` are names by one of which it is imported."""

    key: str
    value: str
    package: str
    modules: tuple[str, ...]


def demand(plan: Plan) -> None:
    """Looks for the packages that the plan's words need beyond those of every run.

    Raises:
        RunFailure: one is not installed.
    """
    for need in needs(plan):
        if not any(find_spec(module) for module in need.modules):
            raise RunFailure(
                "package-missing",
                f"`{need.key.rpartition('.')[2]}: {need.value}` needs the package "
                f"`{need.package}`, which the runner's environment lacks",
                path=need.key,
                hint=f"`python -m pip install {need.package}` there, or change the key",
                exit_code=ENVIRONMENT_IS_WRONG,
            )


def needs(plan: Plan) -> Iterator[Need]:
    """The packages that are not in the requirements of every run."""
    if plan.method.type == "qlora":
        yield Need("method.type", "qlora", "bitsandbytes", ("bitsandbytes",))
    optim = plan.training.optim
    if package := OPTIMIZERS[optim].package:
        yield Need("training.optim", optim, package, (package,))
    for name in asked_for(plan.training.report_to):
        modules = ("tensorboard", "tensorboardX") if name == "tensorboard" else (name,)
        yield Need("training.report_to", name, name, modules)
