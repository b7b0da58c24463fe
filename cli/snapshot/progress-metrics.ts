/**
 * How far runs are, as metrics by OTLP, for whoever is no terminal: where the variables of the
 * OpenTelemetry SDKs name a receiver, or at the gateway of the same machine. They are for looking:
 * a receiver that is away holds up no run and ends none.
 */
import type { Attributes } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { RunProgress } from '../../jobs/snapshot/run.ts';
import { version } from '../version.ts';

const scope = 'obsctl/snapshot';
const intervalMs = 10_000;
/** Also how long the end of a run waits for the last of them. */
const exportMsMax = 5_000;

export type RunOutcome = 'ok' | 'failed';

export class ProgressMetrics {
  readonly #provider: MeterProvider;
  readonly #rows;
  readonly #runs;
  readonly #duration;
  /** By attributes' text, what of a table's rows is counted. */
  readonly #estimates = new Map<string, { readonly rows: number; readonly of: Attributes }>();
  readonly #counted = new Map<string, number>();

  private constructor(exporter: PushMetricExporter) {
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: exportMsMax,
    });
    const resource = resourceFromAttributes({
      'service.name': 'obsctl-snapshot',
      'service.version': version,
    });
    this.#provider = new MeterProvider({ resource, readers: [reader] });
    const meter = this.#provider.getMeter(scope);
    this.#rows = meter.createCounter('obsctl.snapshot.rows', {
      unit: '{row}',
      description: 'Rows that ClickHouse has taken, by snapshot and table of the source',
    });
    this.#runs = meter.createCounter('obsctl.snapshot.runs', {
      unit: '{run}',
      description: 'Runs that ended, by snapshot and outcome',
    });
    this.#duration = meter.createGauge('obsctl.snapshot.duration', {
      unit: 's',
      description: 'How long the last run took',
    });
    meter
      .createObservableGauge('obsctl.snapshot.estimated_rows', {
        unit: '{row}',
        description: 'Rows that the source expects in the table',
      })
      .addCallback((result) => {
        for (const { rows, of } of this.#estimates.values()) result.observe(rows, of);
      });
  }

  /**
   * @param url of `/v1/metrics`; without it the variables `OTEL_EXPORTER_OTLP_*` say where to, and
   *   nothing is sent when they are not there
   */
  static async start(
    env: Readonly<Record<string, string | undefined>>,
    url?: string,
  ): Promise<ProgressMetrics | undefined> {
    const named =
      env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
    if (url === undefined && named === '') return undefined;
    const protocol =
      env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
    if (url === undefined && protocol === 'grpc') {
      const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
      return new ProgressMetrics(new OTLPMetricExporter());
    }
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
    return new ProgressMetrics(new OTLPMetricExporter(url === undefined ? {} : { url }));
  }

  progress(snapshot: string, { table, rows, estimatedRows }: RunProgress): void {
    const of = { 'obsctl.snapshot.name': snapshot, 'db.collection.name': table };
    const key = `${snapshot} ${table}`;
    // A run counts each table from 0 again.
    const before = this.#counted.get(key) ?? 0;
    this.#rows.add(rows < before ? rows : rows - before, of);
    this.#counted.set(key, rows);
    this.#estimates.set(key, { rows: estimatedRows, of });
  }

  ended(snapshot: string, outcome: RunOutcome, durationMs: number): void {
    const of = { 'obsctl.snapshot.name': snapshot };
    this.#runs.add(1, { ...of, 'obsctl.snapshot.outcome': outcome });
    this.#duration.record(durationMs / 1_000, of);
    for (const key of this.#counted.keys()) {
      if (key.startsWith(`${snapshot} `)) this.#counted.set(key, 0);
    }
  }

  /** Sends what there is. */
  async stop(): Promise<void> {
    await this.#provider.shutdown({ timeoutMillis: exportMsMax }).catch(() => {});
  }
}
