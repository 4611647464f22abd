"""The wheel: the four packages with all that they need at run time, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from fhir_server.cli.failure import CommandFailure
from fhir_server.cli.packages import check_companions

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("fhir_server", "resources", "smart_auth", "seed_bundles")
# Sources of the demo app and of the tables: the wheel holds what is made from them.
NOT_PACKED = ("fhir_server/http/app/",)
PACKED_ALL_THE_SAME = ("fhir_server/http/app/missing.html",)


@pytest.fixture(scope="module", name="wheel")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, so that leftovers of this folder can neither help nor harm."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if name.startswith((*PACKAGES, "pyproject.toml", "README.md", "LICENSE")):
            origin = REPOSITORY / name
            if origin.is_file():
                target = source / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(origin.read_bytes())
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_four_packages_and_their_data(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == set(PACKAGES)
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=REPOSITORY, capture_output=True, check=True
    )
    needed = {
        name
        for name in listed.stdout.decode().split("\0")
        if name and (REPOSITORY / name).is_file()
        if not name.startswith(NOT_PACKED) or name in PACKED_ALL_THE_SAME
    }
    assert needed - names == set()
    assert [name for name in names if "node_modules" in name or "test" in name.split("/")[0]] == []


def test_the_wheel_runs_from_another_folder_in_another_environment(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    purelib = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    # The dependencies are those of this environment; our own packages are the wheel's, which the
    # search path names first.
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FHIR_", "PYTHON"))}
    done = subprocess.run(
        [tmp_path / "env" / "bin" / "fhir-server", "config", "--port", "8123"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "8123" in done.stdout
    where = subprocess.run(
        [python, "-c", "import fhir_server, resources; print(fhir_server.__file__)"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(purelib))


def test_a_stranger_with_the_name_of_one_of_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_companions()
    stranger = tmp_path / "seed_bundles"
    stranger.mkdir()
    (stranger / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "seed_bundles", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(CommandFailure, match="'seed_bundles' is another one"):
        check_companions()
