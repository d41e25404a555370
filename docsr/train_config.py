"""Define the options of a training run.

Every option has a default, and the models are frozen. Configuration stops here: other modules take plain values or the
one sub-model that they need.
"""

from __future__ import annotations

from pathlib import Path
from reprlib import repr as shortened
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"the range {list(value)} is reversed: give the lower end first")
    return value


def _within(low: float, high: float) -> AfterValidator:
    """Require both ends of a range to lie in [low, high]."""

    def check(value: tuple[float, float]) -> tuple[float, float]:
        if value[0] < low or value[1] > high:
            raise ValueError(f"the range {list(value)} is not within [{low:g}, {high:g}]")
        return value

    return AfterValidator(check)


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
FractionRange = Annotated[Range, _within(0, 1)]


MOST = 10**15
"""Largest number in a configuration; no option counts anything beyond it."""


def _countable(value: Any) -> Any:
    """Return plain values; refuse a number that is infinite, undefined or beyond MOST."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            _countable(item)
    elif isinstance(value, int | float) and not -MOST <= value <= MOST:  # NaN fails this comparison too
        raise ValueError(f"an argument cannot be {shortened(value)}")
    return value


Arguments = Annotated[dict[str, Any], AfterValidator(_countable)]


class Options(BaseModel):
    """Base of all options: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, values: Any) -> Any:
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, int) and abs(value) > MOST:
                raise ValueError(f"{name} cannot be as large as {shortened(value)}")
        return values


class GeneratorConfig(Options):
    """A generator by its registered name, and the arguments of its constructor (``factor`` is added)."""

    name: str = Field("compact", description="compact, srgan, rrdb, edsr or mdsr")
    args: Arguments = Field({}, description="arguments of its constructor, such as {channels: 32, blocks: 8}")


class DiscriminatorConfig(Options):
    """A discriminator by its registered name, and its arguments (``factor`` and ``patch`` are added)."""

    name: str = Field("srgan", description="srgan (log2(factor) halvings) or deep (SRGAN's eight convolutions)")
    args: Arguments = Field({}, description="arguments of its constructor")


class DegradeConfig(Options):
    """How LR is made from HR if the source has no pairs: probabilities are per patch, ranges are drawn uniformly."""

    clean: Probability = Field(0.15, description="share of patches that are only down-sampled")
    bilevel: Probability = Field(0.08, description="share of patches whose LR is one bit (fax)")
    reduced_bilevel: Probability = Field(
        0.0, description="share of patches that are not clean: one-bit scans of higher resolution reduced to grey"
    )
    fax: Probability = Field(
        0.0, description="share of patches that are not clean: faxed with half the lines, then made square"
    )
    warp: Probability = Field(0.3, description="share with a slight rotation and warp, the same for HR and LR")
    rotation_degrees: Annotated[Range, _within(-45, 45)] = Field((-1.0, 1.0), description="rotation of warped patches")
    ink_spread: Probability = Field(0.25, description="share whose ink is grown or worn, LR only")
    bleed_through: Probability = Field(0.05, description="share with the other side shining through, LR only")
    blur: Probability = Field(0.7, description="share of patches that are blurred")
    motion: Probability = Field(0.2, description="share of the blurred patches with motion blur")
    blur_sigma_lr: Annotated[Range, _within(0.01, 10)] = Field((0.2, 1.0), description="Gaussian sigma in LR pixels")
    kernel: Literal["mixed", "area", "bicubic"] = Field(
        "mixed", description="down-sampling; mixed: area for clean patches, one of five at random for the others"
    )
    contrast: Probability = Field(0.6, description="share of patches whose ink and paper are not black and white")
    ink_level: FractionRange = Field((0.0, 0.25), description="brightness of the darkest ink")
    paper_level: FractionRange = Field((0.82, 1.0), description="brightness of the paper")
    sharpen: Probability = Field(0.1, description="share sharpened as by a scanner, with halos")
    noise: Probability = Field(0.6, description="share of patches with sensor noise")
    noise_sigma: FractionRange = Field((0.005, 0.05), description="standard deviation of the noise, image in [0, 1]")
    jpeg: Probability = Field(0.6, description="share of patches compressed with JPEG")
    jpeg_quality: Annotated[Range, _within(1, 100)] = Field((35.0, 95.0), description="JPEG quality, 1 to 100")


class DataConfig(Options):
    """Where patches come from, and how large they are."""

    dir: Path | None = Field(None, description="folder made by docsr prepare; null: the repository's samples")
    lr_patch: int = Field(48, ge=8, description="side of a training patch in LR pixels")
    batch: int = Field(16, ge=1, description="patches in a batch of each process")
    workers: int = Field(1, ge=0, description="processes that read and degrade patches")
    x_height: Annotated[Range, _within(1, 1000)] | None = Field(
        None, description="x-height of HR patches in px, drawn log-uniformly; null: the prepared x-height, varied a bit"
    )
    flip: bool = Field(False, description="mirror every second patch: for photographs, never for text")
    rotate: bool = Field(False, description="turn patches by a multiple of 90 degrees: for photographs, never for text")
    degrade: DegradeConfig = DegradeConfig()


class LossConfig(Options):
    """The terms of the generator's loss and their weights; a weight of 0 leaves the term out.

    With ``schedule.gan_start``, the steps before it use the pixel term alone; the others join in the GAN phase.
    """

    smooth: float = Field(
        0.0,
        ge=0,
        le=10,
        description="sigma (HR px) of a Gaussian over SR and HR in every term but the adversarial; export with it too",
    )
    pixel: str = Field("charbonnier", description="l1, charbonnier or mse")
    pixel_weight: float = Field(1.0, ge=0, description="weight of the pixel loss, images in [0, 1]")
    gan_pixel_weight: float | None = Field(None, ge=0, description="pixel_weight in the GAN phase; null: the same")
    gradient_weight: float = Field(0.0, ge=0, description="weight of the L1 between differences of adjacent pixels")
    edge_weight: float = Field(0.0, ge=0, description="weight of an L1 that counts edges up to five times")
    frequency_weight: float = Field(0.0, ge=0, description="weight of the L1 between spectra")
    perceptual_weight: float = Field(0.0, ge=0, description="weight of the distance between VGG features")
    perceptual_network: str = Field("vgg19", description="vgg19 or vgg16")
    perceptual_weights: str = Field("torchvision", description="'torchvision' (downloads) or a local file")
    perceptual_input: Literal["torchvision", "caffe_bgr"] = Field(
        "torchvision", description="input of the weights: normalised RGB in [0, 1], or BGR in 0..255 minus the means"
    )
    perceptual_distance: Literal["l1", "mse"] = Field("l1", description="distance between the features")
    perceptual_layer: int = Field(
        18, ge=1, description="features[:layer] in torchvision's numbers: VGG19's 18 and 36 are VGG16's 16 and 30"
    )
    recogniser_weight: float = Field(0.0, ge=0, description="weight of the distance between a recogniser's features")
    recogniser_weights: Path | None = Field(None, description="an EasyOCR recogniser's .pth file")
    recogniser_patches: int = Field(8, ge=1, description="patches of a batch that the recogniser sees, in each process")
    recogniser_enlarge: int = Field(
        1, ge=1, le=8, description="enlarge the middle of these patches this many times, for recogniser_weight"
    )
    reading_weight: float = Field(
        0.0, ge=0, description="weight of the distance between the recogniser's readings of text lines"
    )
    adversarial: str = Field("bce", description="bce or lsgan")
    adversarial_weight: float = Field(1e-3, ge=0, description="weight of the adversarial loss in the GAN phase")
    real_labels: FractionRange = Field(
        (1.0, 1.0), description="target of the discriminator for HR, drawn for each patch"
    )
    fake_labels: FractionRange = Field((0.0, 0.0), description="target of the discriminator for SR")


class ScheduleConfig(Options):
    """How long and how fast the networks learn, and when the GAN phase begins."""

    steps: int = Field(20_000, ge=1, description="number of generator updates")
    gan_start: int | None = Field(
        None, ge=0, description="step at which the GAN phase follows the pixel phase; null: one phase, no GAN"
    )
    learning_rate: float = Field(6e-4, gt=0, lt=1, description="peak rate of Adam")
    discriminator_learning_rate: float = Field(1e-4, gt=0, lt=1, description="peak rate of the discriminator's Adam")
    optimiser: Literal["adam", "muon"] = Field(
        "adam", description="muon: convolutions that neither read nor write the image use Muon, the rest Adam"
    )
    muon_learning_rate: float = Field(
        1e-3, gt=0, lt=1, description="peak rate of Muon; its updates are as large as Adam's at the same rate"
    )
    shape: Literal["cosine", "step"] = Field("cosine", description="cosine (down to 0) or step (reduced at intervals)")
    warmup: int = Field(200, ge=0, description="steps in which the rate rises from 0")
    step_every: int = Field(10_000, ge=1, description="shape 'step': steps between two reductions of the rate")
    step_factor: float = Field(
        0.5, gt=0, lt=1, description="shape 'step': factor by which each reduction multiplies the rate"
    )
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    spike: float = Field(1.8, gt=1, description="skip a step whose loss exceeds the running mean times this")
    ema: float = Field(0.999, ge=0, lt=1, description="decay of the averaged weights, which the checkpoint holds")
    bf16: bool = Field(True, description="mixed precision if the processor has bfloat16 (it would be slow without)")
    accumulate: int = Field(1, ge=1, description="batches of each process per update")
    compile: bool = Field(False, description="torch.compile the generator: slow at first, then faster")


class OutputConfig(Options):
    """What a run leaves behind, and how often (in steps)."""

    log_every: int = Field(50, ge=1, description="steps between logged scalars")
    validate_every: int = Field(2_000, ge=1, description="steps between validations, each with a picture")
    checkpoint_every: int = Field(100, ge=1, description="steps between saved states")
    keep_every: int | None = Field(
        None,
        ge=1,
        description="steps between states kept in kept/STEP besides the latest; null: only the latest is kept",
    )
    validation_patches: int = Field(32, ge=1, description="pairs for MSE, PSNR and SSIM")
    validation_pages: int = Field(2, ge=0, description="pages that Tesseract reads for CER, if it is installed")


class TrainConfig(Options):
    """One training run."""

    factor: Literal[2, 4, 8] = Field(2, description="enlargement")
    seed: int = Field(0, ge=0, lt=2**63, description="seed of weights, patches and random draws")
    init: Path | None = Field(
        None, description="checkpoint to start from; its weights of fitting name and shape are used"
    )
    generator: GeneratorConfig = GeneratorConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    data: DataConfig = DataConfig()
    loss: LossConfig = LossConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    output: OutputConfig = OutputConfig()

    @property
    def colours(self) -> int:
        """Return the number of image channels: those of the generator, by default 1 (grey)."""
        return int(self.generator.args.get("colours", 1))

    @model_validator(mode="after")
    def _phases_fit(self) -> TrainConfig:
        start = self.schedule.gan_start
        if start is not None and start >= self.schedule.steps:
            raise ValueError(f"gan_start {start} is not before the last step, {self.schedule.steps}")
        for name in ("recogniser", "reading"):
            if getattr(self.loss, f"{name}_weight") and self.loss.recogniser_weights is None:
                raise ValueError(f"{name}_weight needs recogniser_weights: the recogniser's file")
        if start and not self.loss.pixel_weight:
            raise ValueError("gan_start leaves only the pixel term until then: set pixel_weight above 0")
        names = {"pixel", "gradient", "edge", "frequency", "perceptual", "recogniser", "reading"}
        if start is not None and self.loss.gan_pixel_weight is not None:
            names = names - {"pixel"} | {"gan_pixel"}
        if not any(getattr(self.loss, f"{name}_weight") for name in names):
            raise ValueError("every term that compares SR with HR has weight 0: set one above 0")
        return self
