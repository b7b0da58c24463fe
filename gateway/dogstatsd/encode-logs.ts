/**
 * Events and service checks as log records (DSD-9, DSD-10), in bodies of
 * `ExportLogsServiceRequest`. Same records, same bytes.
 *
 * | | event | service check |
 * | --- | --- | --- |
 * | EventName | `dogstatsd.event` | `dogstatsd.service_check` |
 * | Body | the text; the title where there is none | the message; the name where there is none |
 * | SeverityNumber | error 17, warning 13, info and success 9 | 0 → 9, 1 → 13, 2 → 17, 3 → 0 |
 * | SeverityText | the alert type | `ok`, `warning`, `critical`, `unknown` |
 * | Timestamp | `d:`, else when it was received | the same |
 * | attributes | `dogstatsd.event.` and below | `dogstatsd.service_check.` and below |
 * | always | `title`, `priority`, `alert_type` | `name`, `status` (an integer) |
 * | where sent | `aggregation_key`, `source_type` | |
 *
 * Tags, origin and host go where those of metrics go (`identity.ts`), `h:` before a tag.
 */
import { beginScope, putAttribute, putAttributes } from './encode-metrics.ts';
import { canonicalTags, type Labels, labelsOf, parseOrigin } from './identity.ts';
import type { EventLine } from './parse/event-line.ts';
import type { ServiceCheckLine } from './parse/service-check-line.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** One event or service check, and when it was received. */
export type LoggedLine = { readonly receivedAtNs: bigint } & (
  | { readonly event: EventLine }
  | { readonly serviceCheck: ServiceCheckLine }
);

type LogRecord = {
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  readonly severity: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: string;
  readonly typed: readonly (readonly [key: string, value: string | number])[];
  readonly labels: Labels;
};

const severityOfAlert = { error: 17, warning: 13, info: 9, success: 9 } as const;
/** By status. */
const checkSeverities = [9, 13, 17, 0] as const;
const statusTexts = ['ok', 'warning', 'critical', 'unknown'] as const;

/** Bodies of at most about `bytesMax` bytes, one record more; in the order given. */
export function encodeLogs(lines: readonly LoggedLine[], bytesMax: number): readonly Uint8Array[] {
  const writer = new ProtobufWriter();
  const bodies: Uint8Array[] = [];
  let open: readonly number[] = [];
  let resource = '';
  const close = (): void => {
    for (const start of open) writer.end(start);
    open = [];
  };
  for (const line of lines) {
    const record = 'event' in line ? eventRecord(line) : checkRecord(line);
    const key = JSON.stringify(record.labels.resource);
    if (open.length === 0 || key !== resource) {
      close();
      resource = key;
      open = beginScope(writer, record.labels.resource);
    }
    putRecord(writer, record);
    if (writer.size < bytesMax) continue;
    close();
    bodies.push(writer.take());
  }
  close();
  if (writer.size > 0) bodies.push(writer.take());
  return bodies;
}

/** About how many bytes a line holds while it waits. */
export function loggedBytes(line: LoggedLine): number {
  const texts = 'event' in line ? Object.values(line.event) : Object.values(line.serviceCheck);
  const characters = texts.flat().reduce<number>((sum, text) => sum + String(text).length, 0);
  return overheadBytes + 2 * characters;
}

const overheadBytes = 500;

function eventRecord(line: LoggedLine & { readonly event: EventLine }): LogRecord {
  const { event } = line;
  const optional = [
    ['dogstatsd.event.aggregation_key', event.aggregationKey],
    ['dogstatsd.event.source_type', event.sourceType],
  ] as const;
  return {
    ...common(line.receivedAtNs, event),
    severity: severityOfAlert[event.alertType],
    severityText: event.alertType,
    eventName: 'dogstatsd.event',
    body: event.text === '' ? event.title : event.text,
    typed: [
      ['dogstatsd.event.title', event.title],
      ['dogstatsd.event.priority', event.priority],
      ['dogstatsd.event.alert_type', event.alertType],
      ...optional.filter(([, value]) => value !== ''),
    ],
  };
}

function checkRecord(line: LoggedLine & { readonly serviceCheck: ServiceCheckLine }): LogRecord {
  const { serviceCheck: check } = line;
  return {
    ...common(line.receivedAtNs, check),
    severity: checkSeverities[check.status] ?? 0,
    severityText: statusTexts[check.status] ?? '',
    eventName: 'dogstatsd.service_check',
    body: check.message === '' ? check.name : check.message,
    typed: [
      ['dogstatsd.service_check.name', check.name],
      ['dogstatsd.service_check.status', check.status],
    ],
  };
}

function common(
  receivedAtNs: bigint,
  line: EventLine | ServiceCheckLine,
): Pick<LogRecord, 'timeNs' | 'observedNs' | 'labels'> {
  const { timestampSeconds, origin, external, host } = line;
  const ownNs = BigInt(timestampSeconds) * 1_000_000_000n;
  return {
    timeNs: timestampSeconds === 0 ? receivedAtNs : ownNs,
    observedNs: receivedAtNs,
    labels: labelsOf(canonicalTags(line.tags), parseOrigin(origin, external), host),
  };
}

function putRecord(writer: ProtobufWriter, record: LogRecord): void {
  const start = writer.begin(2);
  writer.fixed64(1, record.timeNs);
  writer.fixed64(11, record.observedNs);
  if (record.severity > 0) writer.varint(2, record.severity);
  writer.string(3, record.severityText);
  const bodyStart = writer.begin(5);
  writer.string(1, record.body);
  writer.end(bodyStart);
  putAttributes(writer, 6, record.labels.attributes);
  // Behind the tags: of a key that comes twice the last one counts.
  for (const [key, value] of record.typed) putAttribute(writer, 6, key, value);
  writer.string(12, record.eventName);
  writer.end(start);
}
