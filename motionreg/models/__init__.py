"""Networks, and the assemblies that train and test them."""

from motionreg.models import backbones, body_models, generators, heads, losses
from motionreg.models.data_preprocessor import ClipPreprocessor
from motionreg.models.generator_recognizer import GeneratorAndRecognizer
from motionreg.models.language_supervised import LanguageSupervisedRecognizer
from motionreg.models.motion_generator import MotionGenerator
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.models.zero_shot import ZeroShotRecognizer
