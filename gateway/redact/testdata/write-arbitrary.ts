/** Remote write requests out of labels that rules have a say in: for tests and fuzzers. */
import fc from 'fast-check';
import {
  bitsOf,
  type Label,
  type Series,
} from '../../decode/remote-write/testdata/write-request.ts';
import { receivedAtNs } from '../../decode/testdata/load.ts';

const timeMs = receivedAtNs / 1_000_000n;
const labelName = fc.constantFrom(
  ...['__name__', 'job', 'instance', 'a', 'b', 'user', 'x.user', 'tenant', 'path', 'le'],
  ...['otel_scope_name', 'otel_scope_user', 'otel_scope_gone', 'trace_id', 'span_id', 'ümläut'],
);
const labelValue = fc.oneof(
  fc.constantFrom('', 'user', 'path', 'shop', 'a/b', 'prod/checkout', '/x', 'x/', 'a/b/c'),
  fc.constantFrom('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', '10.0.17.4:9090'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.stringMatching(/^[a-z]{0,6}\d{2,5}[a-z]{0,3}$/),
);
const labels = fc.array(fc.tuple(labelName, labelValue), { maxLength: 6 });
const points = fc.record({ bits: fc.integer().map(bitsOf), timeMs: fc.constant(timeMs) });
const exemplar = fc.tuple(points, labels).map(([point, own]) => ({ ...point, labels: own }));
const histogram = { count: 0, sumBits: bitsOf(0), schema: 3, timeMs };
const oneSeries: fc.Arbitrary<Series> = fc.record({
  labels: labels.map((list): Label[] => [['__name__', 'requests_12345_total'], ...list]),
  samples: fc.array(points, { maxLength: 2 }),
  exemplars: fc.array(exemplar, { maxLength: 2 }),
  histograms: fc.array(fc.constant(histogram), { maxLength: 1 }),
  help: fc.constant('how many 12345'),
});
/** Requests of a few series, most of them with labels that rules of the tests look at. */
export const request: fc.Arbitrary<Series[]> = fc.array(oneSeries, { maxLength: 4 });
