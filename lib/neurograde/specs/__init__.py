"""What a job is asked to do, and the records that jobs leave behind: pydantic models, no I/O."""
