"""Shows where the time of one request of a mount goes, by the kernel's own trace events (as root).

    python3 bench/roundtrip/roundtrip.py MOUNTPOINT

statfs(2) is asked of the mount many times: one request each, and no work. The table has the median time of each step, in
microseconds. "wakes" says how often caller and worker were on two processors.
"""

import os
import re
import statistics
import subprocess
import sys
import time

ROUNDS = 2000
TRACING = "/sys/kernel/tracing"
EVENTS = [
    "syscalls/sys_enter_statfs", "syscalls/sys_exit_statfs", "syscalls/sys_exit_read", "syscalls/sys_enter_write",
    "sched/sched_waking", "sched/sched_switch",
]
LINE = re.compile(r"^\s*.+-(\d+)\s+\[(\d+)\]\s+\S+\s+(\d+\.\d+): (\w+)(?:\((.*)\)|: (.*)| -> (.*))")
# The task that is woken, or that runs next.
PID = re.compile(r"(?:next_|\s)pid=(\d+)")
STEPS = [
    "call until the worker is woken", "until the worker runs", "until it has the request", "until it answers",
    "until the caller is woken", "until the caller runs", "until the call returns",
]


def write(name, text):
    with open(f"{TRACING}/{name}", "w") as file:
        file.write(text)


def record(mountpoint):
    """The lines of the trace of ROUNDS calls by this process."""
    if not os.path.isdir(TRACING + "/events"):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], check=True)
    write("trace", "")
    write("buffer_size_kb", "16384")
    try:
        for event in EVENTS:
            write(f"events/{event}/enable", "1")
        write("tracing_on", "1")
        for _ in range(ROUNDS):
            os.statvfs(mountpoint)
            # A caller that does something between two requests.
            time.sleep(0.0001)
        write("tracing_on", "0")
        with open(TRACING + "/trace") as trace:
            return trace.readlines()
    finally:
        for event in EVENTS:
            write(f"events/{event}/enable", "0")
        write("tracing_on", "1")
        write("trace", "")


def parse(lines, caller):
    """For each call: the times of its steps in seconds, and the processors of caller and worker."""
    calls, current = [], None
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        task, processor, at, event = int(match[1]), int(match[2]), float(match[3]), match[4]
        rest = match[5] or match[6] or match[7] or ""
        if event == "sys_statfs":
            if match[5] is not None:
                current = {"at": [at], "processor": processor} if task == caller else current
            elif task == caller and current and len(current["at"]) == 7:
                calls.append((current["at"] + [at], current["processor"], current["worked"]))
                current = None
            continue
        if not current:
            continue
        whom = PID.search(rest)
        whom = int(whom[1]) if whom else None
        step, worker = len(current["at"]), current.get("worker")
        ends = {
            1: event == "sched_waking" and task == caller,
            2: event == "sched_switch" and whom == worker,
            3: event == "sys_read" and task == worker,
            4: event == "sys_write" and task == worker,
            5: event == "sched_waking" and whom == caller,
            6: event == "sched_switch" and whom == caller,
        }
        if not ends.get(step):
            continue
        if step == 1:
            current["worker"] = whom
        if step == 2:
            current["worked"] = processor
        current["at"].append(at)
    return calls


def main():
    if len(sys.argv) != 2 or not os.path.ismount(sys.argv[1]):
        sys.exit("roundtrip.py: name the mountpoint of a FUSE mount")
    calls = parse(record(sys.argv[1]), os.getpid())
    if not calls:
        sys.exit("roundtrip.py: no request was seen; the mount must be FUSE, and this process root")
    for index, step in enumerate(STEPS):
        times = [1e6 * (at[index + 1] - at[index]) for at, _, _ in calls]
        print(f"{step:32} {statistics.median(times):6.1f}")
    whole = sorted(1e6 * (at[-1] - at[0]) for at, _, _ in calls)
    print(f"{'the whole call':32} {statistics.median(whole):6.1f}   (a tenth below {whole[len(whole) // 10]:.1f},"
          f" a tenth above {whole[-len(whole) // 10]:.1f})")
    apart = sum(caller != worker for _, caller, worker in calls)
    print(f"on two processors: {100 * apart // len(calls)} % of {len(calls)} calls")


main()
