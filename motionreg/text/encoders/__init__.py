"""Networks from texts to vectors."""

from motionreg.text.encoders.base import TextEncoder, TextFeatures, distinct
from motionreg.text.encoders.cache import EmbeddingCache
from motionreg.text.encoders.locate import locate
from motionreg.text.encoders.sentence import SentenceEncoder

__all__ = ['EmbeddingCache', 'SentenceEncoder', 'TextEncoder', 'TextFeatures', 'distinct', 'locate']
