_base_ = ['../recognition/ctrgcn-small_b16-30e_utd-mhad.py']

from motionreg.config import arg
from motionreg.recipes import language

encoder = arg('encoder', 'minilm')
shuffle = arg('shuffle', -1)  # a seed gives every class the texts of another, as a control

model = dict(type='LanguageSupervisedRecognizer', language=language('utd-mhad', encoder, shuffle))
