/**
 * The stack file's schema as data: the JSON Schema that editors read, and what is said of each key
 * in messages, in `obsctl explain` and on the reference page.
 */
import { z } from 'zod';
import { agentKeys, presetKeys } from './agents.ts';
import { stackSchema } from './schema.ts';

/** The part of JSON Schema 2020-12 that our schema is written in. */
export type SchemaNode = {
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  examples?: readonly unknown[];
  enum?: readonly unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  minLength?: number;
  properties?: Record<string, SchemaNode>;
  required?: readonly string[];
  additionalProperties?: boolean | SchemaNode;
  propertyNames?: SchemaNode;
  items?: SchemaNode;
  anyOf?: readonly SchemaNode[];
  not?: SchemaNode;
  $ref?: string;
};

export type KeyPath = readonly (string | number)[];

const schemaId = 'urn:obsctl:stack';

let cached: SchemaNode | undefined;

/** JSON Schema, draft 2020-12, of a stack file as it is written. */
export function stackDocument(): SchemaNode {
  cached ??= makeDocument();
  return cached;
}

function makeDocument(): SchemaNode {
  const { $schema, ...rest } = z.toJSONSchema(stackSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod's own names of formats, beside a pattern that says the same.
      if (jsonSchema.pattern !== undefined) delete jsonSchema.format;
    },
  });
  const root = { $schema, $id: schemaId, ...rest } as unknown as SchemaNode;
  const properties = root.properties ?? {};
  for (const key of ['gateway', 'grafana', ...agentKeys] as const) {
    const node = properties[key];
    alsoBare(node);
    // Zod leaves out the examples of what it transforms.
    const { examples } = z.globalRegistry.get(stackSchema.shape[key]) ?? {};
    if (node !== undefined && Array.isArray(examples)) node.examples = examples;
  }
  for (const key of agentKeys) {
    const presets = properties[key]?.properties?.['presets'];
    for (const preset of Object.values(presets?.properties ?? {})) alsoBare(preset);
    // What is on when `presets` is absent is said in words: `{}` would be none of them.
    if (presets !== undefined) delete presets.default;
  }
  return root;
}

/** `key:` and `key: true` stand for the map with its defaults. */
function alsoBare(node: SchemaNode | undefined): void {
  // A map with a required key has no defaults that could be meant.
  if (node === undefined || (node.required ?? []).length > 0) return;
  node.type = ['object', 'boolean', 'null'];
  node.not = { const: false };
}

/** What the schema says of the key at `path`; list positions and names are looked through. */
export function nodeAt(path: KeyPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = stackDocument();
  for (const part of path) {
    if (node === undefined) return undefined;
    node = childOf(node, part);
  }
  return node;
}

function childOf(node: SchemaNode, part: string | number): SchemaNode | undefined {
  const options: readonly SchemaNode[] = [node, ...(node.anyOf ?? [])];
  for (const option of options) {
    if (typeof part === 'number' && option.items !== undefined) return option.items;
    const own = option.properties;
    if (own !== undefined && Object.hasOwn(own, part)) return own[part];
    const other = option.additionalProperties;
    if (typeof other === 'object') return other;
  }
  return undefined;
}

/** Keys that the map at `path` knows. */
export function keysAt(path: KeyPath): readonly string[] {
  const node = nodeAt(path);
  const options = node === undefined ? [] : [node, ...(node.anyOf ?? [])];
  return options.flatMap(({ properties }) => Object.keys(properties ?? {}));
}

/** Every key of the schema with its path; names that the user chooses are written as `NAME`. */
export function everyKey(): readonly { readonly path: string; readonly node: SchemaNode }[] {
  const found: { readonly path: string; readonly node: SchemaNode }[] = [];
  collect(stackDocument(), '', found);
  return found;
}

function collect(
  node: SchemaNode,
  prefix: string,
  found: { readonly path: string; readonly node: SchemaNode }[],
): void {
  const options = [node, ...(node.anyOf ?? [])];
  for (const option of options) {
    for (const [key, child] of Object.entries(option.properties ?? {})) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      found.push({ path, node: child });
      collect(child, path, found);
    }
    if (option.items !== undefined) collect(option.items, `${prefix}[]`, found);
    const other = option.additionalProperties;
    if (typeof other === 'object') collect(other, `${prefix}.NAME`, found);
  }
}

/** The agent that knows `preset`, other than `agent`. */
export function agentOfPreset(preset: string, agent: string | number | undefined) {
  return agentKeys.find((key) => key !== agent && presetKeys[key].includes(preset));
}

/** What the value must look like, in words that fit after “expected”. */
export function expectedOf(node: SchemaNode | undefined): string {
  if (node === undefined) return 'another value';
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  const type = typeof node.type === 'object' ? node.type[0] : node.type;
  const words = typeWords(type, node);
  const example = node.examples?.find((one) => one !== undefined);
  return example === undefined || type === 'boolean' || type === 'object'
    ? words
    : `${words}, for example ${asTyped(example)}`;
}

function typeWords(type: string | undefined, node: SchemaNode): string {
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return 'a text';
  if (type === 'array') return 'a list';
  if (type === 'integer' || type === 'number') {
    const kind = type === 'integer' ? 'a whole number' : 'a number';
    const { minimum, maximum } = node;
    if (minimum === undefined) return kind;
    const open = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER;
    return open ? `${kind} from ${minimum}` : `${kind} from ${minimum} to ${maximum}`;
  }
  if (type !== 'object') return 'a map or a text';
  const keys = Object.keys(node.properties ?? {});
  return keys.length === 0 ? 'a map' : `a map with keys such as ${keys.slice(0, 3).join(', ')}`;
}

/** A value as a person types it into a YAML file, on one line. */
export function asTyped(value: unknown): string {
  if (typeof value === 'string') {
    return /^[A-Za-z][\w./-]*$|^\d+[a-zA-Z]+$/.test(value) ? value : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(asTyped).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${asTyped(item)}`);
    return `{${entries.join(', ')}}`;
  }
  return String(value);
}

/** The type of a key on one line, for pages and `explain`. */
export function typeText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((one) => `\`${one}\``).join(', ');
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(', or ');
  if (node.const !== undefined) return `\`${node.const}\``;
  const type = typeof node.type === 'object' ? node.type[0] : node.type;
  if (type === 'array')
    return `list of ${node.items === undefined ? 'anything' : typeText(node.items)}`;
  if (type === 'string') return 'text';
  if (type === 'object') {
    return node.properties === undefined ? 'map of your names' : 'map';
  }
  return typeWords(type, node).replace(/^an? /, '');
}
