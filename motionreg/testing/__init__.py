"""Checks that any config and any project can be put through, on generated data and in seconds."""

from motionreg.testing.dry_run import DryRun, dry_run
from motionreg.testing.generated import use_generated_data, write_generated_store
from motionreg.testing.project import check_project

__all__ = ['DryRun', 'check_project', 'dry_run', 'use_generated_data', 'write_generated_store']
