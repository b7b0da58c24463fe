/** What every panel with log lines shares: columns, severity words, links. */
import { severityRanges, severityWord } from '../../clickhouse/schema/log-patterns.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import type { Colour, Field } from '../vocabulary/panel.ts';
import { attribute, columnsOf } from '../vocabulary/sql.ts';

const l = columnsOf(logs);

const colours: Readonly<Record<(typeof severityRanges)[number]['name'], Colour>> = {
  fatal: 'purple',
  error: 'red',
  warn: 'orange',
  info: 'green',
  debug: 'blue',
  trace: 'text',
};

/** Gravest first. */
export const severities = severityRanges.map(({ name }) => ({ name, colour: colours[name] }));

/** The columns of Grafana's logs format, then those that help to read a line. */
export const logBodyColumns =
  `${l.Timestamp} AS timestamp, ${l.Body} AS body, ${severityWord} AS level,` +
  ` ${l.ServiceName} AS service, ${l.TraceId} AS traceID, ${l.SpanId} AS spanID,` +
  ` ${attribute(l.ResourceAttributes, 'k8s.namespace.name')} AS namespace,` +
  ` ${attribute(l.ResourceAttributes, 'k8s.pod.name')} AS pod,` +
  ` ${l.EventName} AS event, ${l.ResourceAttributes}, ${l.ScopeName} AS scope, ${l.LogAttributes}`;

/** From a line to its trace, its service and its pod. */
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
  pod: {
    links: [
      {
        title: 'The pod that wrote this',
        to: 'pod',
        set: { namespace: { field: 'namespace' }, pod: { field: 'pod' } },
      },
    ],
  },
};
