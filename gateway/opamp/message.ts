/**
 * AgentToServer of OpAMP as bytes, read into what we keep of it. Field numbers are those of
 * `proto/opamp/v1/opamp.proto`; sections name the specification of the protocol
 * (https://github.com/open-telemetry/opamp-spec, specification.md).
 *
 * Unknown fields, and known ones of another wire type, are passed over. Agents send a few small
 * messages a minute, so this is written to be read and not to be fast.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  Malformed,
  need,
  readLength,
  readTag,
  readVarint,
  skipField,
  wireBytes,
  wireFixed64,
  wireVarint,
  word,
} from '../decode/wire.ts';

/** Largest message, on the wire and inflated; the real ones have some tens of kilobytes. */
export const opampBytesMax = 4 * 1024 * 1024;
const attributesMax = 256;
/** Parts of parts whose health is followed. */
const healthDepthMax = 8;
const componentsMax = 1024;
const configFilesMax = 64;
const uidBytes = 16;
/** Of a config that is larger only the hash is kept. */
const configTextBytesMax = 1024 * 1024;
const hashDigits = 16;

export type Attributes = Readonly<Record<string, string>>;

/** Who it is: section “AgentDescription Message”, both lists in one. */
type Description = Attributes;

/** Section “ComponentHealth Message”. */
export type Health = {
  readonly isHealthy: boolean;
  /** Since when it runs, nanoseconds since 1970; 0 when it does not. */
  readonly startedNs: bigint;
  readonly lastError: string;
  readonly status: string;
  /** What each part says, by its path: `pipeline:traces/exporter:otlp`. */
  readonly components: Attributes;
};

/** Section “EffectiveConfig Message”. */
export type EffectiveConfig = {
  /** Of the text; hexadecimal. */
  readonly hash: string;
  /** Empty when it is too large to be kept. */
  readonly text: string;
};

/** Section “AgentToServer Message”; what is absent did not change since the last one. */
export type AgentMessage = {
  /** Hexadecimal. */
  readonly instanceUid: string;
  readonly sequence: bigint;
  readonly capabilities: bigint;
  readonly description: Description | undefined;
  readonly health: Health | undefined;
  readonly config: EffectiveConfig | undefined;
  readonly isDisconnecting: boolean;
};

/**
 * Reads a whole message; throws {@link Malformed} for what can never be one.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | instance_uid | 1 | bytes | 32 hexadecimal digits; 16 bytes are expected |
 * | sequence_num | 2 | uint64 | sequence |
 * | agent_description | 3 | AgentDescription | description |
 * | capabilities | 4 | uint64 | capabilities |
 * | health | 5 | ComponentHealth | health |
 * | effective_config | 6 | EffectiveConfig | config |
 * | agent_disconnect | 9 | AgentDisconnect | isDisconnecting |
 */
export function decodeAgentMessage(source: Uint8Array): AgentMessage {
  let instanceUid = '';
  let [sequence, capabilities] = [0n, 0n];
  let description: Description | undefined;
  let health: Health | undefined;
  let config: EffectiveConfig | undefined;
  let isDisconnecting = false;
  eachField(source, { from: 0, end: source.length }, (field) => {
    if (field.wire === wireVarint) {
      if (field.number === 2) sequence = field.value;
      else if (field.number === 4) capabilities = field.value;
    } else if (field.wire === wireBytes) {
      if (field.number === 1) instanceUid = uidOf(source, field);
      else if (field.number === 3) description = descriptionOf(source, field);
      else if (field.number === 5) health = healthOf(source, field);
      else if (field.number === 6) config = configOf(source, field);
      else if (field.number === 9) isDisconnecting = true;
    }
  });
  if (instanceUid === '') throw new Malformed('instance_uid is missing', 0);
  return { instanceUid, sequence, capabilities, description, health, config, isDisconnecting };
}

type Range = { readonly from: number; readonly end: number };

type Field = Range & {
  readonly number: number;
  readonly wire: number;
  /** Of a varint or of 64 bits; else 0. */
  readonly value: bigint;
};

function eachField(source: Uint8Array, { from, end }: Range, take: (field: Field) => void): void {
  let position = from;
  while (position < end) {
    position = readTag(source, position, end);
    const tag = word[0] ?? 0;
    const [number, wire] = [tag >>> 3, tag & 7];
    if (wire === wireVarint) {
      const start = position;
      position = readVarint(source, position, end);
      const value = (BigInt((word[1] ?? 0) >>> 0) << 32n) | BigInt((word[0] ?? 0) >>> 0);
      take({ number, wire, value, from: start, end: position });
    } else if (wire === wireFixed64) {
      need(position, end, 8);
      const value = new DataView(source.buffer, source.byteOffset).getBigUint64(position, true);
      take({ number, wire, value, from: position, end: position + 8 });
      position += 8;
    } else if (wire === wireBytes) {
      const start = readLength(source, position, end);
      position = start + (word[0] ?? 0);
      take({ number, wire, value: 0n, from: start, end: position });
    } else {
      position = skipField(source, position, end, tag);
    }
  }
}

function bytesOf(source: Uint8Array, { from, end }: Range): Buffer {
  return Buffer.from(source.buffer, source.byteOffset + from, end - from);
}

function uidOf(source: Uint8Array, range: Range): string {
  const bytes = bytesOf(source, range);
  if (bytes.length === uidBytes) return bytes.toString('hex');
  const text = `instance_uid has ${bytes.length} bytes where ${uidBytes} are expected`;
  throw new Malformed(text, range.from);
}

/** A string of proto3. */
function textOf(source: Uint8Array, range: Range): string {
  const bytes = bytesOf(source, range);
  if (!isUtf8(bytes)) throw new Malformed('a string is not UTF-8', range.from);
  return bytes.toString('utf8');
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | identifying_attributes | 1 | repeated KeyValue | attributes |
 * | non_identifying_attributes | 2 | repeated KeyValue | attributes; the identifying ones win |
 */
function descriptionOf(source: Uint8Array, range: Range): Description {
  const identifying = new Map<string, string>();
  const others = new Map<string, string>();
  eachField(source, range, (field) => {
    if (field.wire !== wireBytes || (field.number !== 1 && field.number !== 2)) return;
    const [key, value] = keyValueOf(source, field);
    (field.number === 1 ? identifying : others).set(key, value);
    if (identifying.size + others.size <= attributesMax) return;
    throw new Malformed(`an agent has more than ${attributesMax} attributes`, field.from);
  });
  return Object.fromEntries([...others, ...identifying]);
}

/** KeyValue: `key` 1, `value` 2 (AnyValue). */
function keyValueOf(source: Uint8Array, range: Range): readonly [string, string] {
  let [key, value] = ['', ''];
  eachField(source, range, (field) => {
    if (field.wire !== wireBytes) return;
    if (field.number === 1) key = textOf(source, field);
    else if (field.number === 2) value = plainValueOf(source, field);
  });
  return [key, value];
}

/** AnyValue: `string` 1, `bool` 2, `int` 3, `double` 4. No agent has lists or maps here. */
function plainValueOf(source: Uint8Array, range: Range): string {
  let text = '';
  eachField(source, range, (field) => {
    const { number, wire, value } = field;
    if (number === 1 && wire === wireBytes) text = textOf(source, field);
    else if (number === 2 && wire === wireVarint) text = value === 0n ? 'false' : 'true';
    else if (number === 3 && wire === wireVarint) text = String(BigInt.asIntN(64, value));
    else if (number === 4 && wire === wireFixed64) text = doubleText(value);
  });
  return text;
}

function doubleText(bits: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return String(view.getFloat64(0));
}

function healthOf(source: Uint8Array, range: Range): Health {
  const components = new Map<string, string>();
  const own = ownHealth(source, range, { components, path: '', depth: 0 });
  return { ...own, components: Object.fromEntries(components) };
}

type Parts = {
  readonly components: Map<string, string>;
  readonly path: string;
  readonly depth: number;
};

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | healthy | 1 | bool | isHealthy |
 * | start_time_unix_nano | 2 | fixed64 | startedNs |
 * | last_error | 3 | string | lastError |
 * | status | 4 | string | status |
 * | component_health_map | 6 | map<string, ComponentHealth> | components, by path |
 */
function ownHealth(source: Uint8Array, range: Range, parts: Parts): Omit<Health, 'components'> {
  let isHealthy = false;
  let startedNs = 0n;
  let [lastError, status] = ['', ''];
  eachField(source, range, (field) => {
    const { number, wire, value } = field;
    if (number === 1 && wire === wireVarint) isHealthy = value !== 0n;
    else if (number === 2 && wire === wireFixed64) startedNs = value;
    else if (number === 3 && wire === wireBytes) lastError = textOf(source, field);
    else if (number === 4 && wire === wireBytes) status = textOf(source, field);
    else if (number === 6 && wire === wireBytes) addComponent(source, field, parts);
  });
  return { isHealthy, startedNs, lastError, status };
}

/** One entry of the map: `key` 1, `value` 2. */
function addComponent(source: Uint8Array, range: Range, parts: Parts): void {
  if (parts.depth >= healthDepthMax) {
    throw new Malformed('components of health are nested too deeply', range.from);
  }
  let name = '';
  let content: Range = { from: range.end, end: range.end };
  eachField(source, range, (field) => {
    if (field.wire !== wireBytes) return;
    if (field.number === 1) name = textOf(source, field);
    else if (field.number === 2) content = field;
  });
  const path = parts.path === '' ? name : `${parts.path}/${name}`;
  const inner = { ...parts, path, depth: parts.depth + 1 };
  const { isHealthy, status, lastError } = ownHealth(source, content, inner);
  const said = status === '' ? (isHealthy ? 'healthy' : 'unhealthy') : status;
  parts.components.set(path, lastError === '' ? said : `${said}: ${lastError}`);
  if (parts.components.size <= componentsMax) return;
  throw new Malformed(`an agent has more than ${componentsMax} components`, range.from);
}

/** EffectiveConfig: `config_map` 1, of which `config_map` 1 are the entries. */
function configOf(source: Uint8Array, range: Range): EffectiveConfig {
  const files = new Map<string, string>();
  eachField(source, range, (map) => {
    if (map.number !== 1 || map.wire !== wireBytes) return;
    eachField(source, map, (entry) => {
      if (entry.number !== 1 || entry.wire !== wireBytes) return;
      const [name, text] = configFileOf(source, entry);
      files.set(name, text);
      if (files.size <= configFilesMax) return;
      throw new Malformed(`a config has more than ${configFilesMax} files`, entry.from);
    });
  });
  // The Collector has one file, without a name.
  const names = [...files.keys()].sort();
  const text =
    names.length === 1
      ? (files.get(names[0] ?? '') ?? '')
      : names.map((name) => `# ${name}\n${files.get(name)}\n`).join('');
  const isKept = Buffer.byteLength(text) <= configTextBytesMax;
  return { hash: configHash(text), text: isKept ? text : '' };
}

/** An entry of the map: `key` 1, `value` 2 (AgentConfigFile), of which `body` is 1. */
function configFileOf(source: Uint8Array, range: Range): readonly [string, string] {
  let [name, text] = ['', ''];
  eachField(source, range, (field) => {
    if (field.wire !== wireBytes) return;
    if (field.number === 1) name = textOf(source, field);
    if (field.number !== 2) return;
    eachField(source, field, (part) => {
      // Bytes, which need not be text.
      if (part.number === 1 && part.wire === wireBytes) text = bytesOf(source, part).toString();
    });
  });
  return [name, text];
}

/** The hash by which a config is named, here and in the table. */
function configHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashDigits);
}
