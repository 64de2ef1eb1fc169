"""The layout of the hubs' `model.pt`: what fairseq's trainer saves, beside the weights."""

from argparse import Namespace
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch


def fairseq_document(
    weights: Mapping[str, torch.Tensor], *, with_args: bool = False
) -> dict[str, Any]:
    """What `torch.save` is given for weights named as in emotion2vec.

    The model's state dict has `_metadata`, as `Module.state_dict` gives it; Adam's moments are one
    flat tensor each, over all parameters; meters hold tensors without axes. `with_args` puts a
    Namespace where newer fairseq has None.
    """
    state = OrderedDict(
        (name if name.startswith("proj.") else f"d2v_model.{name}", value)
        for name, value in weights.items()
    )
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    count = sum(value.numel() for value in state.values())
    meter = {"val": torch.tensor(0.25), "sum": torch.tensor(2.5), "count": torch.tensor(10)}
    return {
        "args": Namespace(arch="emotion2vec", lr=[1e-4], seed=1) if with_args else None,
        "cfg": {
            "_name": None,
            "common": {"seed": 1, "fp16": True, "log_format": "json", "min_loss_scale": 1e-4},
            "model": {"_name": "emotion2vec", "depth": 8, "modalities": {"audio": {"depth": 4}}},
            "optimization": {"lr": [1e-4], "clip_norm": 1.0, "max_update": 100_000},
            "optimizer": {"_name": "adam", "adam_betas": "(0.9,0.98)", "groups": {}},
        },
        "criterion": OrderedDict(),
        "model": state,
        "optimizer_history": [
            {
                "criterion_name": "ModelCriterion",
                "optimizer_name": "FP16Optimizer",
                "lr_scheduler_state": {"best": None},
                "num_updates": 100_000,
            }
        ],
        "task_state": {},
        "extra_state": {
            "train_iterator": {"version": 2, "epoch": 7, "iterations_in_epoch": 0, "shuffle": True},
            "metrics": {"default": [[0, "loss", "AverageMeter", meter]]},
            "previous_training_time": 1234.5,
            "val_loss": None,
        },
        "last_optimizer_state": {
            "state": {
                0: {
                    "step": 100_000,
                    "exp_avg": torch.zeros(count),
                    "exp_avg_sq": torch.zeros(count),
                }
            },
            "param_groups": [
                {"lr": 1e-4, "betas": (0.9, 0.98), "eps": 1e-6, "amsgrad": False, "params": [0]}
            ],
            "loss_scale": 128.0,
        },
    }
