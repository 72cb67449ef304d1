"""The packages of a wheel: the rooms of lib/, and the jobs as neurograde.jobs. All else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("lib"), "neurograde.jobs"],
    package_dir={"": "lib", "neurograde.jobs": "jobs"},
)
