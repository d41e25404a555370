"""From what the user names to an upscaler: interpolation, a shipped network, or a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docsr.errors import UsageError
from docsr.registry import suggestion
from docsr.upscalers.base import Upscaler
from docsr.upscalers.interpolation import CLASSICAL
from docsr.weights import ModelCard, catalogue

FACTORS = (2, 4, 8)
"""The factors a user can ask for."""


def shipped(factor: int, *, fax: bool = False) -> list[ModelCard]:
    """Return the cards of the shipped networks for ``factor``, those for small text (dense) first.

    They are those for standard faxes, or those for all other pages.
    """
    return small_text_first(card for card in catalogue().values() if card.factor == factor and card.fax == fax)


def small_text_first(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """Return the cards with the dense ones before the others, else in their order."""
    return sorted(cards, key=lambda card: not card.dense)


_CHECKPOINT = ".safetensors"


def is_file(model: str) -> bool:
    """Return whether ``model`` names a network file rather than something in the catalogue."""
    return model.endswith((".onnx", _CHECKPOINT))


def resolve(model: str, factor: int | None, threads: int | None = None, device: str = "auto") -> Upscaler:
    """Return the upscaler that ``model`` names.

    Args:
        model: ``none``, ``nearest``, ``bicubic``, ``lanczos``, a shipped network (``compact_x2``), a path to an .onnx
            or .safetensors file.
        factor: 1, 2, 4 or 8; None takes the factor of a network that has only one.
        threads: CPU threads of one call, None for all.
        device: ``auto``, ``cpu``, ``cuda``, ``tensorrt`` or ``openvino``.

    Raises:
        UsageError: an unknown name, or a network made for another factor.
        CheckpointError: a network file that cannot be used.
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
    """Tell whether what a model names is a checkpoint, which torch runs."""
    return model is not None and model.endswith(_CHECKPOINT)


def fixed_factor(model: str | None) -> int | None:
    """Return the only factor that ``model`` has, or None if it has any (interpolation, no model named).

    Raises:
        UsageError: an unknown name.
        CheckpointError: a network file that cannot be used.
    """
    if model is None or (model in CLASSICAL and model != "none"):
        return None
    return resolve(model, None, threads=1, device="cpu").factor


def shipped_path(model: str) -> Path:
    """Return the file of a shipped network.

    Raises:
        UsageError: an unknown name.
    """
    cards = catalogue()
    if model in cards:
        return cards[model].path
    raise UsageError(f"unknown model '{model}'{suggestion(model, [*CLASSICAL, *cards])}")


def _load(path: Path, threads: int | None, device: str, factor: int | None) -> Upscaler:
    if path.suffix == _CHECKPOINT:
        from docsr.upscalers.torch import TorchUpscaler  # torch only when asked for

        return TorchUpscaler(path, threads, device, factor)
    from docsr.upscalers.onnx import OnnxUpscaler

    return OnnxUpscaler(path, threads, device)
