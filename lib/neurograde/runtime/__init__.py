"""One process on one machine: argv -> spec -> run -> exit code, logs, progress, energy, machine facts."""
