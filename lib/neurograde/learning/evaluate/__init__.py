"""What evaluate does with a finished run: compare its sessions, choose one, and assess what it predicts."""
