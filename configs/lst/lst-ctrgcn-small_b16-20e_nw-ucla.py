_base_ = ['../recognition/ctrgcn-small_b16-20e_nw-ucla.py']

from motionreg.config import arg

encoder = arg('encoder', 'minilm')
shuffle = arg('shuffle', -1)  # a seed gives every class the texts of another, as a control

model = dict(
    type='LanguageSupervisedRecognizer',
    language=dict(type='LanguageHead', texts='nw-ucla', encoder=dict(type='SentenceEncoder', path=encoder),
                  shuffle_classes=None if shuffle < 0 else shuffle))
