"""Find the upscaler for a model's name: interpolation, a shipped network, or a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docsr.errors import UsageError
from docsr.registry import suggestion
from docsr.upscalers.base import Upscaler
from docsr.upscalers.interpolation import CLASSICAL
from docsr.weights import ModelCard, catalogue


def shipped(factor: int, *, fax: bool = False) -> list[ModelCard]:
    """Return the cards of the shipped networks for ``factor``, dense ones (for small text) first.

    With ``fax`` they are the networks for standard faxes, otherwise those for all other pages.
    """
    return small_text_first(card for card in catalogue().values() if card.factor == factor and card.fax == fax)


def small_text_first(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """Return the cards with dense ones first, otherwise in their order."""
    return sorted(cards, key=lambda card: not card.dense)


_CHECKPOINT = ".safetensors"


def is_file(model: str) -> bool:
    """Return whether ``model`` is the path of a network file rather than a name in the catalogue."""
    return model.endswith((".onnx", _CHECKPOINT))


def resolve(model: str, factor: int | None, threads: int | None = None, device: str = "auto") -> Upscaler:
    """Return the upscaler that ``model`` names.

    Args:
        model: ``none``, ``nearest``, ``bicubic``, ``lanczos``, a shipped network (``compact_x2``), or the path of an
            .onnx or .safetensors file.
        factor: 1, 2, 4 or 8, or None for the network's only factor.
        threads: CPU threads for one call, None for all.
        device: ``auto``, ``cpu``, ``cuda``, ``tensorrt`` or ``openvino``.

    Raises:
        UsageError: the name is unknown, or the network was made for another factor.
        CheckpointError: the network file cannot be used.
    """
    if factor == 1:
        return CLASSICAL["none"](1)
    if model in CLASSICAL:
        return CLASSICAL[model](factor or 2)
    upscaler = _load(Path(model) if is_file(model) else shipped_path(model), threads, device, factor)
    if factor is not None and upscaler.factor != factor:
        raise UsageError(f"{model} enlarges {upscaler.factor} times, not {factor}: use --factor {upscaler.factor}")
    return upscaler


def runs_in_torch(model: str | None) -> bool:
    """Return whether ``model`` is a checkpoint, which torch runs."""
    return model is not None and model.endswith(_CHECKPOINT)


def fixed_factor(model: str | None) -> int | None:
    """Return the only factor of ``model``, or None if it supports all (interpolation, or no model).

    Raises:
        UsageError: the name is unknown.
        CheckpointError: the network file cannot be used.
    """
    if model is None or (model in CLASSICAL and model != "none"):
        return None
    return resolve(model, None, threads=1, device="cpu").factor


def shipped_path(model: str) -> Path:
    """Return the file of a shipped network.

    Raises:
        UsageError: the name is unknown.
    """
    cards = catalogue()
    if model in cards:
        return cards[model].path
    raise UsageError(f"unknown model '{model}'{suggestion(model, [*CLASSICAL, *cards])}")


def _load(path: Path, threads: int | None, device: str, factor: int | None) -> Upscaler:
    if path.suffix == _CHECKPOINT:
        from docsr.upscalers.torch import TorchUpscaler  # import torch only for a checkpoint

        return TorchUpscaler(path, threads, device, factor)
    from docsr.upscalers.onnx import OnnxUpscaler

    return OnnxUpscaler(path, threads, device)
