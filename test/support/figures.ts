/** Figures of a bench: what a piece of work cost, what many runs say, and how a line reads. */

/** User and system time of this process since `start` (`process.cpuUsage()`), in microseconds. */
export function cpuUsSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export type BenchLine = {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly runs?: readonly number[];
  readonly [extra: string]: unknown;
};

export function printLine(json: boolean, line: BenchLine): void {
  const text = json ? JSON.stringify(line) : `${line.bench}: ${line.value} ${line.unit}`;
  const ratio = line['ratio'] === undefined || json ? '' : `, ratio ${String(line['ratio'])}`;
  process.stdout.write(`${text}${ratio}\n`);
}
