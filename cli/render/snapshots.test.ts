/** Scheduled snapshots of a stack file in the cluster: nothing secret, and the same file again. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadStack } from '../../stack/load.ts';
import type { Stack } from '../../stack/types.ts';
import { systemStream } from './stream.ts';
import { type RenderedSystem, renderSystem } from './system.ts';

const secret = 'postgres://reader:hunter2@db.example:5432/shop';
const env = { SHOP_DSN: secret, CRM_DSN: 'mysql://reader:hunter2@crm.example/crm' };

function stackOf(text: string): Stack {
  const result = loadStack(text, 'obs.yaml', { env });
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.stack;
}

const image = 'gateway: {image: "registry.example/obs/obsctl:0.1.0"}';
const shop = `
  - name: shop-data
    source: {postgres: {dsn: "\${env:SHOP_DSN}", ca_file: /etc/obsctl/snapshots-secret/ca.crt}}
    tables: ["public.*"]
    schedule: "0 * * * *"`;
const crm = `
  - name: crm
    source: {mysql: {dsn: "\${env:CRM_DSN}", ca_file: /run/ca.crt}}
    tables: ["*"]
    database: people
    schedule: "30 2 * * *"`;
const byHand = shop.replace('shop-data', 'by-hand').replace(/\n *schedule.*/, '');

const render = (...snapshots: readonly string[]): RenderedSystem =>
  renderSystem(stackOf(`name: shop\n${image}\nsnapshots:${snapshots.join('')}\n`));

function fileOf({ objects }: RenderedSystem): string {
  const map = objects.find(
    (one) => one.kind === 'ConfigMap' && one.metadata.name === 'shop-snapshots',
  );
  return map?.kind === 'ConfigMap' ? (map.data['obs.yaml'] ?? '') : '';
}

const namesOf = ({ objects }: RenderedSystem, kind: string) =>
  objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);

describe('scheduled snapshots', () => {
  it('are rendered without what the variables hold', () => {
    const system = render(shop, crm);
    const said = systemStream(system) + system.warnings.join('\n') + system.notes.join('\n');
    expect(said).toContain(`\${env:SHOP_DSN}`);
    expect(said).not.toMatch(/hunter2|db\.example|crm\.example/);
  });

  it('are a CronJob each; one without a schedule is none', () => {
    const names = ['shop-snapshot-crm', 'shop-snapshot-shop-data'];
    expect(namesOf(render(shop, byHand, crm), 'CronJob')).toEqual(names);
    expect(namesOf(render(byHand), 'CronJob')).toEqual([]);
  });

  it('are read again in the pod as they were, but for the clock', () => {
    const again = stackOf(fileOf(render(shop, crm)));
    const written = stackOf(`name: shop\n${image}\nsnapshots:${shop}${crm}\n`);
    expect(again.name).toBe('shop');
    expect(again.snapshots).toEqual(written.snapshots.map(({ schedule: _, ...one }) => one));
  });

  it('keep every condition, whatever dollar signs it has', () => {
    const piece = fc.constantFrom(
      '$',
      '{',
      '}',
      'env:',
      'SHOP_DSN',
      "'",
      '"',
      '\\',
      ' ',
      'a',
      '\n',
    );
    fc.assert(
      fc.property(fc.string({ unit: piece, minLength: 1, maxLength: 20 }), (where) => {
        const base = stackOf(`name: shop\n${image}\nsnapshots:${shop}\n`);
        const snapshots = base.snapshots.map((one) => ({
          ...one,
          filters: [{ match: '*', where }],
        }));
        const text = fileOf(renderSystem({ ...base, snapshots }, { only: ['jobs'] }));
        expect(stackOf(text).snapshots[0]?.filters).toEqual([{ match: '*', where }]);
        expect(text).not.toContain('hunter2');
      }),
      { numRuns: 50 },
    );
  });

  it('tell which Secret is to be made, with which keys and how', () => {
    const { warnings } = render(shop, crm);
    const made = warnings.find((text) => text.includes('yours to make')) ?? '';
    expect(made).toContain('observability/shop-snapshots with the keys SHOP_DSN, CRM_DSN, ca.crt');
    expect(made).toContain(
      'kubectl create secret generic shop-snapshots -n observability ' +
        '--from-literal="SHOP_DSN=$SHOP_DSN" --from-literal="CRM_DSN=$CRM_DSN" ' +
        '--from-file=ca.crt',
    );
    expect(warnings.filter((text) => text.includes('/run/ca.crt'))).toHaveLength(1);
  });

  it('may go out to ClickHouse, the gateway and the port of each database', () => {
    const literal = crm.replace(/"\$\{env:CRM_DSN\}"/, 'mysql://reader@crm.example:3307/crm');
    const policy = render(shop, literal).objects.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'shop-snapshots',
    );
    const egress = policy?.kind === 'NetworkPolicy' ? (policy.spec.egress ?? []) : [];
    expect(egress.at(-1)?.ports?.map(({ port }) => port)).toEqual([8123, 4318, 5432, 3307]);
  });

  it.each([
    ['', 'http://shop-gateway.observability.svc:4318'],
    [', tls: {secret: gateway-tls}', undefined],
    [', auth: {secret: gateway-credentials}', undefined],
  ])('tell a gateway how far they are, unless it asks who they are: %j', (more, url) => {
    const gateway = image.replace(/}$/, `${more}}`);
    const text = systemStream(renderSystem(stackOf(`name: shop\n${gateway}\nsnapshots:${shop}\n`)));
    const [, told] = /OTEL_EXPORTER_OTLP_ENDPOINT\n\s+value: (\S+)/.exec(text) ?? [];
    expect(told).toBe(url);
  });
});

describe('the ClickHouse of a stack with snapshots', () => {
  it('has their databases in the grants, and a Secret for their user', () => {
    const text = systemStream(render(shop, crm, byHand));
    for (const database of ['shop_data', 'people', 'by_hand']) {
      expect(text).toContain(`DROP TABLE ON ${database}.*`);
    }
    expect(text).toContain('make clickhouse-snapshot-user user snapshots password');
  });

  it('is as ever without them', () => {
    const without = renderSystem(stackOf(`name: shop\n${image}\n`));
    expect(systemStream(without)).not.toMatch(/snapshot-user|SNAPSHOTS_PASSWORD|<snapshots>/);
  });

  it('that is external gets one Secret for all, and no grants', () => {
    const text = systemStream(
      renderSystem(
        stackOf(
          `name: shop\n${image}\nclickhouse: {mode: external, url: "https://ch.example:8443"}\n` +
            `snapshots:${shop}\n`,
        ),
      ),
    );
    expect(text).not.toMatch(/snapshot-user|GRANT/);
    expect(text).toContain('port: 8443');
  });
});
