"""Metrics, score files, fusion and reports."""

from motionreg.evaluation.alignment import Aligner, Alignment, NearestText, PrototypeAligner
from motionreg.evaluation.ensemble import EnsembleResult, ensemble
from motionreg.evaluation.features import FeatureFile
from motionreg.evaluation.generation_protocol import GenerationProtocol, GenerationReport, RecognizedClips
from motionreg.evaluation.metrics import ClassificationMetric, DumpFeatures, DumpScores, FeatureMetric, ScoreMetric
from motionreg.evaluation.protocols import results_table, zero_shot_results
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.selection import Pool, RandomSelector, RatioSelector, Selection, Selector
from motionreg.evaluation.tables import format_table
from motionreg.evaluation.weight_search import WeightSearch, search_weights
from motionreg.evaluation.zero_shot import choose_gamma, generalized_accuracy, seen_unseen_curve, zero_shot_accuracy
from motionreg.evaluation.zero_shot_metric import AlignedZeroShotMetric, ZeroShotMetric
