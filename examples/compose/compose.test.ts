/**
 * The Compose file: a schema of the keys that the Compose Specification documents and we use, and
 * what no schema sees: that names, files and addresses fit together. No container engine runs.
 * (Docker Compose's own loader, compose-go 2.16.2, was given the file by hand and takes it.)
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { composeDir, composeFiles, updateCompose } from '../../tools/compose-files.ts';

if (process.env['UPDATE_GOLDEN'] === '1') updateCompose();

type Service = {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly networks?: { readonly default?: { readonly aliases?: readonly string[] } };
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};

const strings = { type: 'array', items: { type: 'string' }, uniqueItems: true };
const command = { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
const duration = { type: 'string', pattern: '^(\\d+(us|ms|s|m|h))+$' };

/** Types as the Compose Specification gives them; an unknown key is a mistake. */
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'services', 'volumes'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    services: { type: 'object', additionalProperties: { $ref: '#/$defs/service' } },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
  $defs: {
    service: {
      type: 'object',
      additionalProperties: false,
      required: ['image'],
      properties: {
        image: { type: 'string', pattern: ':[\\w][\\w.-]*$' },
        command,
        entrypoint: command,
        environment: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
        ports: strings,
        volumes: strings,
        user: { type: 'string' },
        restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
        networks: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            additionalProperties: false,
            properties: { aliases: strings },
          },
        },
        depends_on: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            additionalProperties: false,
            required: ['condition'],
            properties: {
              condition: {
                enum: ['service_started', 'service_healthy', 'service_completed_successfully'],
              },
            },
          },
        },
        healthcheck: {
          type: 'object',
          additionalProperties: false,
          required: ['test'],
          properties: {
            test: command,
            interval: duration,
            timeout: duration,
            retries: { type: 'integer' },
          },
        },
      },
    },
  },
};

const file: Compose = parse(readFileSync(join(composeDir, 'compose.yaml'), 'utf8'));
const services = Object.entries(file.services);

describe('the Compose file', () => {
  it('has the keys and types of the Compose Specification', () => {
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
    validate(file);
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each(services)('%s waits for services that can be waited for', (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(Object.keys(file.services)).toContain(other);
      const health = file.services[other]?.healthcheck !== undefined;
      expect(health || condition !== 'service_healthy').toBe(true);
    }
  });

  it.each(services)('%s mounts volumes and files that are there', (_name, service) => {
    for (const mount of service.volumes ?? []) {
      const [source = ''] = mount.split(':');
      const known = source.startsWith('.')
        ? existsSync(join(composeDir, source))
        : source in file.volumes;
      expect({ mount, known }).toEqual({ mount, known: true });
    }
  });

  it.each(services)('%s opens ports on this machine only', (_name, service) => {
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('gives ClickHouse the name that the rendered files ask for', () => {
    const aliases = file.services['clickhouse']?.networks?.default?.aliases ?? [];
    const asked = composeFiles()
      .flatMap(({ text }) => [...text.matchAll(/[\w-]+\.observability\.svc/g)])
      .map(([name]) => name);
    expect([...new Set(asked)]).toEqual(aliases);
  });

  it('runs the images that a cluster would', () => {
    const rendered = readFileSync(join(composeDir, '../quickstart/rendered/gateway.yaml'), 'utf8');
    expect(rendered).toContain(file.services['gateway']?.image ?? '-');
  });
});

describe('the files that its containers read', () => {
  it.each(composeFiles())('$path is what the stack file renders to', ({ path, text }) => {
    expect(readFileSync(join(composeDir, 'rendered', path), 'utf8')).toBe(text);
  });

  it('are all of the folder', () => {
    const found = readdirSync(join(composeDir, 'rendered'), { recursive: true, encoding: 'utf8' });
    const files = found.filter((path) => /\.\w+$/.test(path)).sort();
    expect(files).toEqual(
      composeFiles()
        .map(({ path }) => path)
        .sort(),
    );
  });
});
