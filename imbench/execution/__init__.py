"""Where work happens: functions named by text, run in worker processes with limits that really kill.

Three kinds of process, and what each may do:

    parent        holds test labels; runs no strategy code; decodes JSON and raw arrays, never a pickle from a worker
    fork server   imports the heavy modules once, forks a fresh worker per job, kills what it is told to kill, and
                  everything it ever forked when the parent is gone; computes nothing
    worker        runs one job in a session of its own, under limits, with its output on a pipe

Execution knows nothing about training.
"""
