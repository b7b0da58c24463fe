import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { type Field, type Message, requests } from './json/messages.ts';
import { otlp, requestType } from './testdata/otlp.ts';

type TableRow = { readonly name: string; readonly number: number; readonly type: string };

/** All rows of field tables in the comments of this folder. */
function tableRows(): TableRow[] {
  const files = readdirSync(import.meta.dirname).filter((name) => /^[a-z-]+\.ts$/.test(name));
  return files.flatMap((file) => {
    const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    const rows = text.matchAll(/^ *\* \| ([a-z_, ]+) \| (\d+) \| ([^|]+) \|/gm);
    return [...rows].flatMap(([, names, number, type]) =>
      names!.split(', ').map((name) => ({ name, number: Number(number), type: type!.trim() })),
    );
  });
}

/** All messages that a request of any signal can contain. */
function reachableMessages(): protobuf.Type[] {
  const found = new Set<protobuf.Type>();
  const visit = (type: protobuf.Type): void => {
    if (found.has(type)) return;
    found.add(type);
    for (const field of type.fieldsArray) {
      const inner = field.resolve().resolvedType;
      if (inner instanceof protobuf.Type) visit(inner);
    }
  };
  for (const signal of ['traces', 'logs', 'metrics'] as const) visit(requestType(signal));
  return [...found].filter((type) => type.name !== 'EntityRef');
}

const scalar =
  /^(double|fixed32|fixed64|sfixed64|int32|int64|uint32|uint64|sint32|bool|string|bytes)$/;

describe('field tables', () => {
  const rows = tableRows();
  const fields = reachableMessages().flatMap((type) =>
    type.fieldsArray.map((field) => ({ type, field: field.resolve() })),
  );

  it('name every field of every message that a request can contain', () => {
    const missing = fields
      .filter(
        ({ field }) => !rows.some((row) => row.name === field.name && row.number === field.id),
      )
      .map(({ type, field }) => `${type.name}.${field.name} = ${field.id}`);
    expect(missing).toEqual([]);
  });

  it('say nothing that the .proto files do not say', () => {
    const wrong = rows.filter(
      ({ name, number, type }) =>
        !fields.some(({ field }) => {
          if (field.name !== name || field.id !== number) return false;
          if (field.repeated !== type.startsWith('repeated ')) return false;
          const word = type.replace('repeated ', '');
          if (field.resolvedType instanceof protobuf.Enum) return word === 'enum';
          if (field.resolvedType === null) return word === field.type;
          return word === 'message' || word === field.resolvedType.name;
        }),
    );
    expect(wrong).toEqual([]);
    expect(rows.some(({ type }) => scalar.test(type))).toBe(true);
    expect(rows.length).toBeGreaterThan(90);
  });
});

describe('the JSON form of the messages', () => {
  /** Profiles alone have these; and what no table holds. */
  const left = /_strindex$|^entity_refs$|^metadata$/;

  it('has the keys, numbers and kinds of the .proto files', () => {
    const seen = new Set<Message>();
    const compare = (message: Message, type: protobuf.Type): void => {
      if (seen.has(message)) return;
      seen.add(message);
      expect(message.name).toBe(type.name);
      const expected = type.fieldsArray
        .filter(({ name }) => !left.test(name))
        .map((field) => [camel(field.name), field.id, field.repeated, kindOf(field)]);
      const actual = [...message.fields].map(([key, field]) => [
        key,
        field.number,
        field.isRepeated,
        nameOf(field),
      ]);
      expect([message.name, actual.sort()]).toEqual([message.name, expected.sort()]);
      for (const [key, { kind }] of message.fields) {
        if (typeof kind === 'string') continue;
        const field = type.fieldsArray.find(({ name }) => camel(name) === key)!;
        compare(kind, field.resolve().resolvedType as protobuf.Type);
      }
    };
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      compare(requests[signal], requestType(signal));
    }
    expect(seen.size).toBe(reachableMessages().length);
    expect(otlp.nested).toBeDefined();
  });

  const camel = (name: string): string =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const nameOf = ({ kind }: Field): string => (typeof kind === 'string' ? kind : kind.name);

  function kindOf(field: protobuf.Field): string {
    const { resolvedType, type, name } = field.resolve();
    if (resolvedType instanceof protobuf.Enum) return 'enum';
    if (resolvedType !== null) return resolvedType.name;
    return type === 'bytes' && name.endsWith('_id') ? 'id' : type;
  }
});
