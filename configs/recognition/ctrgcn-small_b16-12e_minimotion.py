_base_ = ['stgcnpp-small_b16-12e_minimotion.py']

model = dict(backbone=dict(type='CTRGCN'))
