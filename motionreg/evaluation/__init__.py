"""Metrics, score files, fusion and reports."""

from motionreg.evaluation.ensemble import EnsembleResult, ensemble
from motionreg.evaluation.metrics import ClassificationMetric, DumpScores, ScoreMetric
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table
from motionreg.evaluation.weight_search import WeightSearch, search_weights
