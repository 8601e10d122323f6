/** What a process has used, as Linux tells it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Milliseconds of CPU of all its threads; ticks of 10 ms, as in `stat`, would be too coarse. */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => {
    const [onCpu = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    return Number(onCpu);
  });
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
}

/** From here on `peakMb` tells the peak since now. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export function residentMb(pid: number): number {
  return megabytes(pid, "VmRSS");
}

export function peakMb(pid: number): number {
  return megabytes(pid, "VmHWM");
}

function megabytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
