"""What came of a task that a worker did."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Made:
    """A run as a worker elsewhere has it.

    Attributes:
        name: Of its folder in the store.
        device: The worker's.
        files: Its files' bytes by name; none where the store is one for all.
    """

    name: str
    device: str
    files: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of a task: memory of its worker in MB, why it failed, "" where it did not; what it sent."""

    memory_mb: float
    failure: str = ""
    made: Made | None = None
