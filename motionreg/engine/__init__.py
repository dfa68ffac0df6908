"""The only place that knows MMEngine's Runner: compatibility, pre-flight, hooks, mixed precision."""

from motionreg.engine import compat

compat.apply()

from motionreg.engine.generate_select_retrain import GenerateSelectRetrainLoop  # noqa: E402
from motionreg.engine.hooks import NaNGuardHook, PlainCheckpointHook  # noqa: E402
from motionreg.engine.loops import IterTrainLoop  # noqa: E402
from motionreg.engine.optim_wrapper import AutocastOptimWrapper  # noqa: E402
from motionreg.engine.runner import MotionRunner  # noqa: E402
