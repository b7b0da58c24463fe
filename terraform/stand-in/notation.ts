/**
 * How the schemas of the resources are written down: an attribute is a few words, such as
 * `'optional computed number'` or `'required list(string)'`. One reader turns them into messages
 * of the plugin protocol, and into the tables that a plan is made by.
 */
import { assert } from '../../core/assert.ts';

type AttributeText = string;

/** An attribute that has attributes. */
export type NestedText = {
  /** `required`, `optional`, `computed`, and `single` or `list`. */
  readonly nested: string;
  readonly attributes: Readonly<Record<string, AttributeText | NestedText>>;
};

export type BlockText = {
  readonly attributes: Readonly<Record<string, AttributeText | NestedText>>;
  readonly blocks?: Readonly<Record<string, NestedBlockText>>;
};

export type NestedBlockText = BlockText & {
  readonly nesting: 'single' | 'list' | 'set';
  readonly min?: number;
  readonly max?: number;
};

/** A resource, and the page or file of the provider that its attributes were read from. */
export type ResourceText = BlockText & { readonly source: string; readonly version?: number };

export type ProviderText = {
  /** As Terraform names it, in lower case. */
  readonly address: string;
  /** Release whose schemas these are. */
  readonly release: string;
  /** Public repository of the sources named below. */
  readonly repository: string;
  readonly provider: BlockText & { readonly source: string };
  readonly resources: Readonly<Record<string, ResourceText>>;
};

/** A type as the protocol writes it: `"string"`, `["list","string"]`. */
type AttributeType = string | readonly [string, string];

export type Attribute = {
  readonly name: string;
  readonly required: boolean;
  readonly optional: boolean;
  readonly computed: boolean;
  readonly sensitive: boolean;
  readonly writeOnly: boolean;
  readonly deprecated: boolean;
} & (
  | { readonly type: AttributeType; readonly nested?: undefined }
  | { readonly type?: undefined; readonly nested: NestedAttributes }
);

type NestedAttributes = {
  readonly nesting: 'single' | 'list';
  readonly attributes: readonly Attribute[];
};

const flags = ['required', 'optional', 'computed', 'sensitive', 'write_only', 'deprecated'];

/** The attributes of a block, in the order of their names. */
export function attributesOf(block: Pick<BlockText, 'attributes'>): readonly Attribute[] {
  return Object.entries(block.attributes)
    .map(([name, text]) => attributeOf(name, text))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function attributeOf(name: string, text: AttributeText | NestedText): Attribute {
  const words = (typeof text === 'string' ? text : text.nested).split(' ');
  const rest = words.filter((word) => !flags.includes(word));
  const has = (flag: string): boolean => words.includes(flag);
  assert(has('required') || has('optional') || has('computed'), `${name} is for nobody to set`);
  assert(rest.length === 1, `${name} has one type, not “${rest.join(' ')}”`);
  const shared = {
    name,
    required: has('required'),
    optional: has('optional'),
    computed: has('computed'),
    sensitive: has('sensitive'),
    writeOnly: has('write_only'),
    deprecated: has('deprecated'),
  };
  const [kind = ''] = rest;
  if (typeof text === 'string') return { ...shared, type: typeOf(kind) };
  assert(kind === 'single' || kind === 'list', `${name} nests as “${kind}”`);
  return { ...shared, nested: { nesting: kind, attributes: attributesOf(text) } };
}

function typeOf(text: string): AttributeType {
  const match = /^(list|set|map)\((string|number|bool)\)$/.exec(text);
  if (match !== null) return [match[1] ?? '', match[2] ?? ''];
  assert(['string', 'number', 'bool'].includes(text), `“${text}” is a type`);
  return text;
}
