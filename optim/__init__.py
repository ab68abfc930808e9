"""Optimizers, learning-rate schedules and gradient clipping."""

from . import proximal, schedule
from .adagrad import Adadelta, Adagrad, RMSprop
from .adam import Adam, Adamax, AdamW, NAdam, RAdam
from .clip import clip_grad_norm_, clip_grad_value_
from .contest import race, ravine, saddle
from .first_order import FirstOrder
from .leader import AdagradDA, Ftrl
from .optimizer import Optimizer
from .proximal import ProximalAdagrad, ProximalSGD
from .quasi_newton import LBFGS, minimize
from .schedule import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
    warm_up,
)
from .sgd import SGD
from .sign import Lion, Rprop

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "AdagradDA",
    "Adam",
    "AdamW",
    "Adamax",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "FirstOrder",
    "Ftrl",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "MultiStepLR",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "ProximalAdagrad",
    "ProximalSGD",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "Rprop",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "minimize",
    "proximal",
    "race",
    "ravine",
    "saddle",
    "schedule",
    "warm_up",
]
