"""What a scan left: its result, its report files, and the state of the run."""
