"""Choose ONNX Runtime's execution providers by the names of ``--device``."""

from __future__ import annotations

from dataclasses import dataclass

import onnxruntime

from docsr.errors import UsageError

AUTO, CPU = "auto", "cpu"

_CPU_PROVIDER = "CPUExecutionProvider"
_QUANTISED = b"QuantizeLinear"


@dataclass(frozen=True, slots=True)
class _Device:
    """An execution provider: ONNX Runtime's name for it, the package that has it, and what may be missing."""

    provider: str
    package: str
    lacks: str


_DEVICES = {
    "cuda": _Device("CUDAExecutionProvider", "onnxruntime-gpu", "CUDA device or libraries"),
    "tensorrt": _Device("TensorrtExecutionProvider", "onnxruntime-gpu", "CUDA device or TensorRT libraries"),
    "openvino": _Device("OpenVINOExecutionProvider", "onnxruntime-openvino", "device of OpenVINO"),
}


def providers(device: str, content: bytes, threads: int | None) -> list[str | tuple[str, dict[str, str]]]:
    """Return the execution providers for ONNX Runtime to try, the CPU last.

    Args:
        device: one of DEVICES.
        content: the bytes of the network's file.
        threads: CPU threads for one call, None for all.

    Raises:
        UsageError: this ONNX Runtime does not support the device.
    """
    available = onnxruntime.get_available_providers()
    if device == AUTO:
        candidates = ["cuda"] if _QUANTISED in content else ["cuda", "openvino"]
        names = [name for name in candidates if _DEVICES[name].provider in available][:1]
    else:
        names = [] if device == CPU else [device]
    for name in names:
        if _DEVICES[name].provider not in available:
            package = _DEVICES[name].package
            raise UsageError(f"this ONNX Runtime has no {name}: install {package} instead, or use --device cpu")
    return [*(_configured(name, threads) for name in names), _CPU_PROVIDER]


def may_use_gpu(device: str) -> bool:
    """Return whether networks may run on a GPU, whose driver may reserve any amount of the machine's memory."""
    gpus = ("cuda", "tensorrt")
    there = device == AUTO and _DEVICES["cuda"].provider in onnxruntime.get_available_providers()
    return there or device in gpus


def check_runs(device: str, running: list[str]) -> None:
    """Check that a network runs on the wanted device. ONNX Runtime silently falls back to the CPU if it is missing.

    Raises:
        UsageError: ``running`` does not include the device.
    """
    wanted = _DEVICES.get(device)
    if wanted is not None and wanted.provider not in running:
        raise UsageError(f"this ONNX Runtime finds no {wanted.lacks}: use --device cpu")


def _configured(name: str, threads: int | None) -> str | tuple[str, dict[str, str]]:
    provider = _DEVICES[name].provider
    if name != "openvino":
        return provider
    return provider, {"device_type": "CPU"} | ({"num_of_threads": str(threads)} if threads else {})
