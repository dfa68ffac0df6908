_base_ = ['stgcnpp_b16-50e_utd-mhad.py']

model = dict(backbone=dict(type='CTRGCN'))
