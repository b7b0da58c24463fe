/**
 * Where attributes and bodies stand in OTLP requests: by field number the message behind it, or
 * that it is an attribute (KeyValue) or a body (AnyValue). Everything else is passed over.
 */
import type { Signal } from '../answer.ts';

export type Shape = { readonly fields: readonly (Shape | 'attribute' | 'body' | undefined)[] };

const attribute = 'attribute';

const exemplar = shape({ 7: attribute });
const metric = shape({
  5: shape({ 1: shape({ 5: exemplar, 7: attribute }) }),
  7: shape({ 1: shape({ 5: exemplar, 7: attribute }) }),
  9: shape({ 1: shape({ 8: exemplar, 9: attribute }) }),
  10: shape({ 1: shape({ 1: attribute, 11: exemplar }) }),
  11: shape({ 1: shape({ 7: attribute }) }),
  12: attribute,
});
const span = shape({
  9: attribute,
  11: shape({ 3: attribute }),
  13: shape({ 4: attribute }),
});
const logRecord = shape({ 5: 'body', 6: attribute });

/** The Export request of each signal. */
export const requestShapes: Readonly<Record<Signal, Shape>> = {
  traces: request(span),
  metrics: request(metric),
  logs: request(logRecord),
};

function request(item: Shape): Shape {
  const scopes = shape({ 1: shape({ 3: attribute }), 2: item });
  return shape({ 1: shape({ 1: shape({ 1: attribute }), 2: scopes }) });
}

function shape(fields: Readonly<Record<number, Shape['fields'][number]>>): Shape {
  const length = Math.max(...Object.keys(fields).map(Number)) + 1;
  return { fields: Array.from({ length }, (_, number) => fields[number]) };
}
