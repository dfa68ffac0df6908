_base_ = ['stgcnpp_b128-80e_ntu.py']

model = dict(backbone=dict(type='STGCN'))
