/**
 * CPU-seconds per million lines from datagrams to windows, for parsing alone and with aggregation,
 * over few and many series, and per million points from closed windows to OTLP. Prints, does not
 * judge. `npm run bench -- dogstatsd`. Warm: the first run of each case is thrown away.
 */
import { cpuUsSince, median, printLine, rounded } from '../../test/support/figures.ts';
import { aggregatorLimitsDefault } from './aggregate/aggregator.ts';
import { emissionOf } from './emission.ts';
import { Intake } from './intake.ts';
import { LineParser, lineKind } from './parse/line-parser.ts';
import { datagrams } from './testdata/load.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const runCount = 5;
const linesPerRun = 1_000_000;
const bodyBytesMax = 4 * 1024 * 1024;
const startNs = 1_795_000_000_000_000_000n;
const windowNs = 10_000_000_000n;
const windowsPerRun = 4;

type Measured = { readonly cpuUs: number; readonly items: number };

export function run({ json }: { readonly json: boolean }): void {
  for (const series of [1000, 50_000]) {
    const load = datagrams(20_000, series, series);
    report(json, `dogstatsd-parse-${series}-series`, 'cpu_s_per_million_lines', () => [
      parse(load),
    ]);
    const names = [`dogstatsd-fold-${series}-series`, `dogstatsd-close-${series}-series`] as const;
    const runs = repeat(() => fold(load));
    print(
      json,
      names[0],
      'cpu_s_per_million_lines',
      runs.map(([folded]) => folded!),
    );
    print(
      json,
      names[1],
      'cpu_s_per_million_points',
      runs.map(([, closed]) => closed!),
    );
  }
}

function report(json: boolean, bench: string, unit: string, once: () => readonly Measured[]): void {
  print(
    json,
    bench,
    unit,
    repeat(once).map(([first]) => first!),
  );
}

function repeat(once: () => readonly Measured[]): readonly (readonly Measured[])[] {
  once();
  return Array.from({ length: runCount }, once);
}

function print(json: boolean, bench: string, unit: string, runs: readonly Measured[]): void {
  const values = runs.map(({ cpuUs, items }) => rounded(cpuUs / items));
  printLine(json, { bench, value: median(values), unit, runs: values });
}

/** Lines only. */
function parse(load: readonly Uint8Array[]): Measured {
  const parser = new LineParser({ isPlain: false });
  const start = process.cpuUsage();
  for (let done = 0; parser.counts.lines < linesPerRun; done += 1) {
    const bytes = load[done % load.length]!;
    parser.open(bytes, new DataView(bytes.buffer), 0, bytes.length);
    while (parser.next() !== lineKind.end);
  }
  return { cpuUs: cpuUsSince(start), items: parser.counts.lines };
}

/** Lines into windows, and windows into bodies. */
function fold(load: readonly Uint8Array[]): readonly Measured[] {
  const intake = new Intake({
    windowMs: Number(windowNs / 1_000_000n),
    idleWindows: 30,
    limits: aggregatorLimitsDefault,
    seed: { low: 1, high: 2 },
    isOriginUsed: true,
    isPlain: false,
    waitingBytesMax: 1024 * 1024,
  });
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  const wrapper = datadogWrapper(wrapSettingsDefault);
  let foldUs = 0;
  let closeUs = 0;
  let position = 0;
  for (let window = 1; window <= windowsPerRun; window += 1) {
    const nowNs = startNs + BigInt(window) * windowNs;
    let start = process.cpuUsage();
    const until = (linesPerRun / windowsPerRun) * window;
    for (; intake.parser.counts.lines < until; position += 1) {
      intake.fold(position, nowNs, load[position % load.length]!);
    }
    foldUs += cpuUsSince(start);
    start = process.cpuUsage();
    emissionOf(intake.close(nowNs + windowNs), wrapper, counts, bodyBytesMax);
    intake.closed(position);
    closeUs += cpuUsSince(start);
  }
  return [
    { cpuUs: foldUs, items: intake.parser.counts.lines },
    { cpuUs: closeUs, items: counts.points },
  ];
}
