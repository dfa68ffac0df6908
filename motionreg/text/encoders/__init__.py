"""Networks from texts to vectors."""

from motionreg.text.encoders.base import TextEncoder, TextFeatures, distinct
from motionreg.text.encoders.cache import EmbeddingCache
from motionreg.text.encoders.clip import CLIPTextEncoder
from motionreg.text.encoders.locate import cache_folder, locate
from motionreg.text.encoders.sentence import SentenceEncoder

__all__ = ['CLIPTextEncoder', 'EmbeddingCache', 'SentenceEncoder', 'TextEncoder', 'TextFeatures', 'cache_folder',
           'distinct', 'locate']
