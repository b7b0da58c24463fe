/**
 * This machine's figures, under the names, units and attributes that the Collector's host metrics
 * receiver uses, sent by the OpenTelemetry SDK over OTLP/gRPC.
 */
import { arch, hostname, platform } from 'node:os';
import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../../../core/clock.ts';
import {
  type DeviceAmount,
  type ProcessFigures,
  readCpuTimes,
  readDisks,
  readFileSystems,
  readLoad,
  readMemory,
  readNetwork,
  readProcesses,
} from './proc.ts';

export type MachineOptions = {
  readonly otlpGrpc: string;
  readonly intervalMs: number;
  readonly clock: Clock;
};

export type RunningMachine = { readonly stop: () => Promise<void> };

const scope = 'obsctl/host_metrics';
/** How many processes get their own figures: the ones with the most memory. */
const processesMax = 10;

export function startMachineMetrics(options: MachineOptions): RunningMachine {
  const host = resourceFromAttributes({
    'host.name': hostname(),
    'host.arch': arch() === 'x64' ? 'amd64' : arch(),
    'os.type': platform(),
  });
  const machine = providerFor(host, options);
  observeSystem(machine.getMeter(scope));
  const processes = watchProcesses(host, options);
  return {
    stop: async () => {
      await Promise.allSettled([machine.shutdown(), processes.stop()]);
    },
  };
}

function providerFor(resource: Resource, options: MachineOptions): MeterProvider {
  const exporter = new OTLPMetricExporter({ url: options.otlpGrpc });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: options.intervalMs,
    exportTimeoutMillis: options.intervalMs,
  });
  return new MeterProvider({ resource, readers: [reader] });
}

function observeSystem(meter: Meter): void {
  const counter = (name: string, unit: string, read: (result: Observing) => void): void =>
    meter.createObservableCounter(name, { unit }).addCallback(fromFirst(read));
  const upDown = (name: string, unit: string, read: (result: ObservableResult) => void): void =>
    meter.createObservableUpDownCounter(name, { unit }).addCallback(read);
  const gauge = (name: string, unit: string, read: (result: ObservableResult) => void): void =>
    meter.createObservableGauge(name, { unit }).addCallback(read);
  const devices = (amounts: readonly DeviceAmount[], result: Observing): void => {
    for (const { device, direction, value } of amounts)
      result.observe(value, { device, direction });
  };

  counter('system.cpu.time', 's', (result) => {
    for (const { cpu, state, seconds } of readCpuTimes()) result.observe(seconds, { cpu, state });
  });
  ['1m', '5m', '15m'].forEach((span, index) => {
    gauge(`system.cpu.load_average.${span}`, '{thread}', (result) => {
      const load = readLoad()[index];
      if (load !== undefined) result.observe(load);
    });
  });
  upDown('system.memory.usage', 'By', (result) => {
    for (const { state, value } of readMemory()) result.observe(value, { state });
  });
  gauge('system.memory.utilization', '1', (result) => {
    const amounts = readMemory();
    const total = amounts.slice(0, 4).reduce((sum, { value }) => sum + value, 0);
    for (const { state, value } of amounts) result.observe(value / total, { state });
  });
  counter('system.disk.io', 'By', (result) => devices(readDisks().bytes, result));
  counter('system.disk.operations', '{operations}', (result) =>
    devices(readDisks().operations, result),
  );
  counter('system.network.io', 'By', (result) => devices(readNetwork().bytes, result));
  counter('system.network.packets', '{packets}', (result) =>
    devices(readNetwork().packets, result),
  );
  counter('system.network.errors', '{errors}', (result) => devices(readNetwork().errors, result));
  upDown('system.filesystem.usage', 'By', (result) => {
    for (const { device, mountpoint, type, mode, used, free, reserved } of readFileSystems()) {
      result.observe(used, { device, mountpoint, type, mode, state: 'used' });
      result.observe(free, { device, mountpoint, type, mode, state: 'free' });
      result.observe(reserved, { device, mountpoint, type, mode, state: 'reserved' });
    }
  });
  upDown('system.processes.count', '{processes}', (result) => {
    const counts = new Map<string, number>();
    for (const { state } of readProcesses()) {
      const status = processStates[state] ?? 'unknown';
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    for (const [status, count] of counts) result.observe(count, { status });
  });
}

/** What a reader needs of the SDK's result. */
type Observing = { readonly observe: (value: number, attributes?: Attributes) => void };

/**
 * The kernel counts since boot, but the SDK says that its sums began when the instrument did. So
 * each series is reported from its first value on, or the first point would be a step since boot.
 */
function fromFirst(read: (result: Observing) => void): (result: ObservableResult) => void {
  const first = new Map<string, number>();
  return (result) =>
    read({
      observe: (value, attributes = {}) => {
        const series = JSON.stringify(attributes);
        const base = first.get(series) ?? value;
        first.set(series, base);
        result.observe(value - base, attributes);
      },
    });
}

/** proc(5)'s letters in the receiver's words. */
const processStates: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'blocked',
  Z: 'zombies',
  T: 'stopped',
  t: 'stopped',
  I: 'idle',
};

type Watched = { readonly provider: MeterProvider; figures: ProcessFigures };

/** As in the receiver, a process is a resource of its own: so each gets its own provider. */
function watchProcesses(host: Resource, options: MachineOptions): RunningMachine {
  const watched = new Map<number, Watched>();
  const refresh = (): void => {
    const largest = [...readProcesses()]
      .sort((left, right) => right.residentBytes - left.residentBytes)
      .slice(0, processesMax);
    const present = new Set(largest.map((figures) => figures.pid));
    for (const [pid, entry] of watched) {
      if (present.has(pid)) continue;
      watched.delete(pid);
      entry.provider.shutdown().catch(() => undefined);
    }
    for (const figures of largest) {
      const known = watched.get(figures.pid);
      if (known === undefined) watched.set(figures.pid, watchOne(host, figures, options));
      else known.figures = figures;
    }
  };
  refresh();
  const timer = options.clock.every(options.intervalMs, refresh);
  return {
    stop: async () => {
      timer.cancel();
      await Promise.allSettled([...watched.values()].map(({ provider }) => provider.shutdown()));
    },
  };
}

function watchOne(host: Resource, figures: ProcessFigures, options: MachineOptions): Watched {
  const resource = host.merge(
    resourceFromAttributes({
      'process.pid': figures.pid,
      'process.executable.name': figures.name,
    }),
  );
  const entry: Watched = { provider: providerFor(resource, options), figures };
  const meter = entry.provider.getMeter(scope);
  const times = (result: Observing): void => {
    result.observe(entry.figures.userSeconds, { state: 'user' });
    result.observe(entry.figures.systemSeconds, { state: 'system' });
  };
  meter.createObservableCounter('process.cpu.time', { unit: 's' }).addCallback(fromFirst(times));
  meter
    .createObservableUpDownCounter('process.memory.usage', { unit: 'By' })
    .addCallback((result) => {
      result.observe(entry.figures.residentBytes);
    });
  meter
    .createObservableUpDownCounter('process.memory.virtual', { unit: 'By' })
    .addCallback((result) => {
      result.observe(entry.figures.virtualBytes);
    });
  return entry;
}
