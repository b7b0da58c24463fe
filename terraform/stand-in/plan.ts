/**
 * What a plan says of a resource that does not exist yet: what is written down as it is, what only
 * the cloud knows as unknown, and write-only values not at all.
 */
import { unknown, type Value } from './msgpack.ts';
import { type Attribute, attributesOf, type BlockText } from './notation.ts';

export function plannedState(block: BlockText, proposed: Value): Value {
  if (!(proposed instanceof Map)) return proposed;
  return plannedBlock(block, proposed);
}

function plannedBlock(block: BlockText, proposed: ReadonlyMap<string, Value>): Value {
  const planned = new Map(proposed);
  for (const attribute of attributesOf(block)) {
    planned.set(attribute.name, plannedValue(attribute, proposed.get(attribute.name) ?? null));
  }
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    planned.set(
      name,
      eachOf(proposed.get(name) ?? null, (one) => plannedBlock(nested, one)),
    );
  }
  return planned;
}

function plannedValue(attribute: Attribute, value: Value): Value {
  if (attribute.writeOnly) return null;
  if (value === null) return attribute.computed ? unknown : null;
  const { nested } = attribute;
  if (nested === undefined) return value;
  return eachOf(value, (one) => {
    const parts = nested.attributes.map((part): [string, Value] => [
      part.name,
      plannedValue(part, one.get(part.name) ?? null),
    ]);
    return new Map(parts);
  });
}

/** Applies `change` to an object, or to each of a list of them. */
function eachOf(value: Value, change: (one: ReadonlyMap<string, Value>) => Value): Value {
  if (value instanceof Map) return change(value);
  return Array.isArray(value) ? value.map((one: Value) => eachOf(one, change)) : value;
}
