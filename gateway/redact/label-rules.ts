/**
 * What rules say of the labels of a series, and what becomes of a label's value. A label is looked
 * at under the name it is sent with and under the name it is stored with: `job` is also
 * `service.namespace` and `service.name`, `instance` is `service.instance.id`, `otel_scope_x` is
 * the attribute `x` of a scope (`../decode/remote-write/identity.ts`). A metric's name is none.
 *
 * Hot path while there are rules. Allocations per label: none, unless it is changed or new.
 * Copies: of what is changed. Owner: the caller. Watched by `redact.bench.ts`.
 */
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { isWellFormed, wellFormed } from '../../clickhouse/native/utf8.ts';
import { isExemplarId } from '../decode/remote-write/exemplars.ts';
import { Hashes, KeyDecisions } from './known.ts';
import { Masking } from './masking.ts';
import { combine, type Decision, type KeyRules, keep } from './rules.ts';

/** Labels of series, and of exemplars: these are attributes under their own names. */
export type LabelOwner = 'series' | 'exemplar';

/** Places of a label in the body: where name and value begin, and their lengths. */
export type LabelPlace = {
  nameStart: number;
  nameLength: number;
  valueStart: number;
  valueLength: number;
};

/** What becomes of a label. `value` is what it has instead. */
export type LabelFate =
  | { readonly fate: 'kept' }
  /** A rule looked at it, and it may stay. */
  | { readonly fate: 'seen' }
  | { readonly fate: 'dropped' }
  | { readonly fate: 'hashed' | 'masked'; readonly value: Uint8Array };

const kept: LabelFate = { fate: 'kept' };
const seen: LabelFate = { fate: 'seen' };
const dropped: LabelFate = { fate: 'dropped' };

const slash = 0x2f;
const jobName = new Uint8Array(Buffer.from('job'));
const scopePrefix = 'otel_scope_';
/** Of a scope, but none of its attributes. */
const scopeFields: readonly string[] = ['name', 'version', 'schema_url'];

export class LabelRules {
  readonly #ofSeries: KeyDecisions;
  readonly #ofExemplars: KeyDecisions;
  readonly #namespace: Decision;
  readonly #service: Decision;
  readonly #hasJobRules: boolean;
  readonly #hashes: Hashes;
  readonly #masking = new Masking();

  /** `key` is what hashes are made with; `seed` makes look-ups hard to attack. */
  constructor(rules: KeyRules, key: Uint8Array, seed: HashSeed) {
    this.#ofSeries = new KeyDecisions({ ofKey: (name) => ofSeriesLabel(rules, name) }, seed);
    this.#ofExemplars = new KeyDecisions(rules, seed);
    this.#namespace = rules.ofKey('service.namespace');
    this.#service = rules.ofKey('service.name');
    this.#hasJobRules = this.#namespace !== keep || this.#service !== keep;
    this.#hashes = new Hashes(key);
  }

  /** Whether anything may become of a value under the name at `[start, start + length)`. */
  lookAt(
    owner: LabelOwner,
    source: Uint8Array,
    view: DataView,
    start: number,
    length: number,
  ): boolean {
    const decision = this.#decisionOf(owner, source, view, start, length);
    if (decision !== keep || owner === 'exemplar') return decision !== keep;
    return this.#hasJobRules && isJob(source, start, length);
  }

  fateOf(owner: LabelOwner, source: Uint8Array, view: DataView, place: LabelPlace): LabelFate {
    const { nameStart, nameLength, valueStart, valueLength } = place;
    const end = valueStart + valueLength;
    if (owner === 'exemplar') {
      // An id of a trace or a span is no attribute.
      if (isExemplarId(source, nameStart, nameLength, valueStart, valueLength)) return kept;
    }
    const decision = this.#decisionOf(owner, source, view, nameStart, nameLength);
    const isSplit = owner === 'series' && this.#hasJobRules && decision.action === 'keep';
    if (isSplit && isJob(source, nameStart, nameLength)) {
      return this.#job(decision, source, view, valueStart, end);
    }
    return this.#apply(decision, source, view, valueStart, end);
  }

  #decisionOf(
    owner: LabelOwner,
    source: Uint8Array,
    view: DataView,
    start: number,
    length: number,
  ): Decision {
    const decisions = owner === 'series' ? this.#ofSeries : this.#ofExemplars;
    return decisions.ofKey(source, view, start, start + length);
  }

  #apply(
    decision: Decision,
    source: Uint8Array,
    view: DataView,
    from: number,
    end: number,
  ): LabelFate {
    if (decision === keep) return kept;
    const { action, masks } = decision;
    if (action === 'drop') return dropped;
    // There is nothing in it to take out.
    if (from === end) return seen;
    if (action === 'hash') {
      const isGood = isWellFormed(source, view, from, end - from);
      const bytes = source.subarray(from, end);
      const hash = this.#hashes.of(isGood ? bytes : wellFormed(bytes));
      return { fate: 'hashed', value: new Uint8Array(Buffer.from(hash)) };
    }
    const whole = masks.find(({ matcher }) => matcher === undefined);
    if (whole !== undefined) return { fate: 'masked', value: whole.replacement };
    if (this.#masking.run(source, view, from, end, masks) === 0) return seen;
    return { fate: 'masked', value: this.#masking.result().slice() };
  }

  /** `namespace/name`: each part under its rules and under those of `job`, which drop nothing. */
  #job(own: Decision, source: Uint8Array, view: DataView, from: number, end: number): LabelFate {
    const cut = slashWithin(source, from, end);
    const ofName = combine(own, this.#service);
    if (cut < 0) return this.#apply(ofName, source, view, from, end);
    const name = this.#apply(ofName, source, view, cut + 1, end);
    // A namespace without a name is nobody's.
    if (name.fate === 'dropped') return dropped;
    const namespace = this.#apply(combine(own, this.#namespace), source, view, from, cut);
    if (name.fate === 'kept' && namespace.fate === 'kept') return kept;
    const value = joinParts(
      namespace.fate === 'dropped' ? undefined : newValue(namespace, source.subarray(from, cut)),
      newValue(name, source.subarray(cut + 1, end)),
    );
    if (name.fate === 'hashed' || namespace.fate === 'hashed') return { fate: 'hashed', value };
    // What stands across the slash; a hash is no text to look for it in.
    const whole = this.#apply(own, value, viewOf(value), 0, value.length);
    if (isChange(whole)) return whole;
    return isChange(name) || isChange(namespace) ? { fate: 'masked', value } : seen;
  }
}

function ofSeriesLabel(rules: KeyRules, name: string): Decision {
  if (name === '__name__') return keep;
  const own = rules.ofKey(name);
  if (name === 'instance') return combine(own, rules.ofKey('service.instance.id'));
  if (!name.startsWith(scopePrefix)) return own;
  const key = name.slice(scopePrefix.length);
  return scopeFields.includes(key) ? own : combine(own, rules.ofKey(key));
}

function isJob(source: Uint8Array, start: number, length: number): boolean {
  if (length !== jobName.length) return false;
  for (let index = 0; index < length; index += 1) {
    if (source[start + index] !== jobName[index]) return false;
  }
  return true;
}

/** Where the first slash is that has something on both sides; -1 when there is none. */
function slashWithin(source: Uint8Array, from: number, end: number): number {
  const cut = source.subarray(from, end).indexOf(slash);
  return cut > 0 && cut < end - from - 1 ? from + cut : -1;
}

function isChange(fate: LabelFate): boolean {
  return fate.fate !== 'kept' && fate.fate !== 'seen';
}

function newValue(fate: LabelFate, before: Uint8Array): Uint8Array {
  return 'value' in fate ? fate.value : before;
}

/** Without a namespace a slash of the name must not make one: it gets a slash in front. */
function joinParts(namespace: Uint8Array | undefined, name: Uint8Array): Uint8Array {
  if (namespace === undefined && !name.includes(slash)) return name.slice();
  return new Uint8Array(Buffer.concat([namespace ?? new Uint8Array(), Uint8Array.of(slash), name]));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
