/** What every panel with log lines shares: columns, severity words, links. */
import { logs } from '../clickhouse/schema/logs.ts';
import type { Colour, Field } from './panel.ts';
import { columnsOf } from './sql.ts';

const l = columnsOf(logs);

export type Severity = {
  readonly name: string;
  readonly colour: Colour;
  /** Severity numbers of OpenTelemetry, both included. */
  readonly from: number;
  readonly to: number;
};

/** Gravest first. A record without a number is judged by its text. */
export const severities: readonly Severity[] = [
  { name: 'fatal', colour: 'purple', from: 21, to: 255 },
  { name: 'error', colour: 'red', from: 17, to: 20 },
  { name: 'warn', colour: 'orange', from: 13, to: 16 },
  { name: 'info', colour: 'green', from: 9, to: 12 },
  { name: 'debug', colour: 'blue', from: 5, to: 8 },
  { name: 'trace', colour: 'text', from: 1, to: 4 },
];

/** The severity of a record as one of the words above, or `unknown`. */
export const severityWord = `multiIf(${severities
  .map(({ name, from, to }) => `${l.SeverityNumber} BETWEEN ${from} AND ${to}, '${name}'`)
  .join(', ')}, ${severities
  .map(({ name }) => `startsWith(lower(${l.SeverityText}), '${name}'), '${name}'`)
  .join(', ')}, 'unknown')`;

/** The columns of Grafana's logs format, then those that help to read a line. */
export const logBodyColumns =
  `${l.Timestamp} AS timestamp, ${l.Body} AS body, ${severityWord} AS level,` +
  ` ${l.ServiceName} AS service, ${l.TraceId} AS traceID, ${l.SpanId} AS spanID,` +
  ` ${l.EventName} AS event, ${l.ResourceAttributes}, ${l.ScopeName} AS scope, ${l.LogAttributes}`;

/** From a line to its trace and its service. */
export const logLinks: Readonly<Record<string, Field>> = {
  traceID: {
    links: [
      {
        title: 'Open the trace of this line',
        to: 'traces',
        set: { traceId: { field: 'traceID' } },
      },
    ],
  },
  service: {
    links: [
      {
        title: 'The service that wrote this',
        to: 'services',
        set: { service: { field: 'service' } },
      },
    ],
  },
};
