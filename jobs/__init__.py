"""The jobs and tools, one file each: `python -m jobs.train SPEC` in a clone, `neurograde train SPEC` anywhere."""
