import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { clickhouseObjects } from './clickhouse.ts';
import { clickhouseUsers, serverConfig, usersConfig } from './clickhouse-files.ts';
import { type GatewayInput, gatewayEndpoint, gatewayObjects } from './gateway.ts';
import { dashboardBytesMax, dashboardObjects, grafanaObjects } from './grafana.ts';
import { schemaJob } from './jobs.ts';
import type { KubernetesObject } from './objects.ts';
import {
  sampleClickhouse,
  sampleCollectorGateway,
  sampleGrafana,
  samplePlace,
} from './testdata/sample.ts';

const resources = { cpuRequest: '1', memoryRequest: '1Gi', memoryLimit: '2Gi' };
const secret = { name: 'clickhouse', userKey: 'user', passwordKey: 'password' };

function only<Kind extends KubernetesObject['kind']>(
  objects: readonly KubernetesObject[],
  kind: Kind,
): Extract<KubernetesObject, { kind: Kind }> {
  const found = objects.filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Extract<KubernetesObject, { kind: Kind }>;
}

describe('the gateway', () => {
  const own: GatewayInput = {
    flavor: 'obsctl',
    image: 'registry.example/obsctl:1',
    stackText: 'name: shop\n',
    replicas: 3,
    volume: '10Gi',
    resources,
    graceS: 30,
    clickhouse: [['https://abc.example:8443/otel']],
    secret,
  };
  const collector: GatewayInput = { flavor: 'collector', workload: sampleCollectorGateway };

  it.each([
    ['obsctl', own, '/var/lib/obsctl/gateway'],
    ['collector', collector, '/var/lib/otelcol/queue'],
  ] as const)('of flavor %s keeps its log on a volume that outlives it', (_flavor, input, path) => {
    const { spec } = only(gatewayObjects(input, samplePlace), 'StatefulSet');
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    });
    expect(spec.volumeClaimTemplates?.[0]?.spec.resources.requests.storage).toBe('10Gi');
    const mounts = spec.template.spec.containers[0]?.volumeMounts;
    expect(mounts?.find(({ mountPath }) => mountPath === path)?.name).toBe('state');
  });

  it.each([
    ['obsctl', own],
    ['collector', collector],
  ] as const)(
    'of flavor %s runs as 10001, on a read-only root, without capabilities',
    (_, input) => {
      const { spec } = only(gatewayObjects(input, samplePlace), 'StatefulSet').spec.template;
      expect(spec.securityContext).toMatchObject({ runAsUser: 10001, runAsNonRoot: true });
      expect(spec.containers[0]?.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(spec.automountServiceAccountToken).toBe(false);
    },
  );

  it('has time to deliver after its listeners closed', () => {
    const { spec } = only(gatewayObjects(own, samplePlace), 'StatefulSet').spec.template;
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(own.graceS);
    expect(spec.containers[0]?.lifecycle?.preStop?.sleep?.seconds).toBeGreaterThan(0);
  });

  it('on a cluster before 1.30 has no sleeping hook, which that does not know', () => {
    const objects = gatewayObjects(own, { ...samplePlace, kubernetesMinor: 29 });
    const { spec } = only(objects, 'StatefulSet').spec.template;
    expect(spec.containers[0]?.lifecycle).toBeUndefined();
  });

  it('spreads over nodes and loses one at a time', () => {
    const objects = gatewayObjects(own, samplePlace);
    expect(only(objects, 'PodDisruptionBudget').spec.maxUnavailable).toBe(1);
    const { topologySpreadConstraints } = only(objects, 'StatefulSet').spec.template.spec;
    expect(topologySpreadConstraints?.[0]?.topologyKey).toBe('kubernetes.io/hostname');
  });

  it('has a Service for senders and a headless one for its pods', () => {
    const found = gatewayObjects(own, samplePlace).filter(({ kind }) => kind === 'Service');
    expect(found.map(({ metadata }) => metadata.name)).toEqual([
      'shop-gateway',
      'shop-gateway-headless',
    ]);
    expect(gatewayEndpoint(samplePlace)).toBe('shop-gateway.observability.svc:4317');
  });

  it('takes datagrams where it is asked to, at every door, and nowhere else', () => {
    const doors = (input: GatewayInput) => {
      const objects = gatewayObjects(input, samplePlace);
      const { containers } = only(objects, 'StatefulSet').spec.template.spec;
      const services = objects.flatMap((object) =>
        object.kind === 'Service' ? [object.spec.ports ?? []] : [],
      );
      const [ingress] = only(objects, 'NetworkPolicy').spec.ingress ?? [];
      const open = [containers[0]?.ports ?? [], ...services, ingress?.ports ?? []];
      const { args = [] } = containers[0] ?? {};
      return {
        datagrams: open.map((ports) => ports.filter(({ protocol }) => protocol === 'UDP').length),
        address: args[args.indexOf('--dogstatsd') + 1],
      };
    };
    const asked = doors({ ...own, dogstatsd: true });
    expect(asked).toEqual({ datagrams: [1, 1, 1, 1], address: '$(MY_POD_IP):8125' });
    expect(doors(own)).toMatchObject({ datagrams: [0, 0, 0, 0], address: 'gateway' });
  });

  it('has no autoscaler unless asked, and one that never scales in', () => {
    const kinds = gatewayObjects(own, samplePlace).map(({ kind }) => kind);
    expect(kinds).not.toContain('HorizontalPodAutoscaler');
    const objects = gatewayObjects({ ...own, autoscale: { min: 2, max: 5 } }, samplePlace);
    const { spec } = only(objects, 'HorizontalPodAutoscaler');
    expect(spec.behavior.scaleDown.selectPolicy).toBe('Disabled');
    expect(only(objects, 'StatefulSet').spec.replicas).toBeUndefined();
  });

  it.each([
    ['obsctl', own],
    ['collector', collector],
  ] as const)('of flavor %s that may become several is spread before it does', (_, input) => {
    const shape = { kind: 'StatefulSet', replicas: 1, volume: '10Gi' } as const;
    const alone: GatewayInput =
      input.flavor === 'obsctl'
        ? { ...input, replicas: 1 }
        : { ...input, workload: { ...sampleCollectorGateway, shape } };
    const objects = gatewayObjects({ ...alone, autoscale: { min: 1, max: 3 } }, samplePlace);
    expect(only(objects, 'PodDisruptionBudget').spec.maxUnavailable).toBe(1);
    const { spec } = only(objects, 'StatefulSet').spec.template;
    expect(spec.topologySpreadConstraints).toHaveLength(1);
  });

  it('may call ClickHouse and DNS only', () => {
    const { spec } = only(gatewayObjects(own, samplePlace), 'NetworkPolicy');
    expect(spec.egress?.flatMap(({ ports }) => ports?.map(({ port }) => port))).toEqual([
      53, 53, 8443,
    ]);
  });

  it('takes the password from the Secret and shows it nowhere', () => {
    const { spec } = only(gatewayObjects(own, samplePlace), 'StatefulSet').spec.template;
    expect(spec.containers[0]?.env).toContainEqual({
      name: 'CLICKHOUSE_PASSWORD_FILE',
      value: '/etc/obsctl-credentials/password',
    });
    expect(spec.containers[0]?.volumeMounts).toContainEqual({
      name: 'credentials',
      mountPath: '/etc/obsctl-credentials',
      readOnly: true,
    });
    expect(spec.volumes).toContainEqual({
      name: 'credentials',
      secret: { secretName: 'clickhouse' },
    });
  });
});

describe('ClickHouse in the cluster', () => {
  const input = sampleClickhouse;

  it.each([
    ['config.d', serverConfig()],
    ['users.d', usersConfig('otel')],
  ])('has well-formed files in %s', (_folder, text) => {
    expect(openTags(text)).toEqual([]);
  });

  it('bounds each log table of its own that it keeps', () => {
    const kept = [...serverConfig().matchAll(/<(\w+) replace="1">([\s\S]*?)<\/\1>/g)];
    expect(kept.length).toBeGreaterThan(3);
    for (const [, table, body] of kept) {
      expect(body).toContain(`<table>${table}</table>`);
      expect(body).toMatch(/<ttl>event_date \+ INTERVAL \d+ DAY DELETE<\/ttl>/);
    }
  });

  it('knows three users, none without a password and none named default', () => {
    const text = usersConfig('otel');
    expect(text).toContain('<default remove="1"/>');
    expect(text).not.toMatch(/<password>|no_password|access_management/);
    const { spec } = only(clickhouseObjects(input, samplePlace), 'StatefulSet').spec.template;
    const given = spec.containers[0]?.env?.map(({ name }) => name);
    const asked = [...text.matchAll(/<password from_env="(\w+)"\/>/g)].map(([, name]) => name);
    expect(asked).toHaveLength(Object.keys(clickhouseUsers).length);
    expect(given).toEqual(asked);
  });

  it('lets the reader read and no more', () => {
    const [, reader] = /<reader>(\s*<password[\s\S]*?)<\/reader>/.exec(usersConfig('otel')) ?? [];
    const grants = [...(reader ?? '').matchAll(/<query>(.*)<\/query>/g)].map(([, text]) => text);
    expect(grants[0]).toBe('GRANT SELECT ON otel.*');
    // What dashboards and rules ask of the system is in `test/grafana/rights.test.ts`.
    for (const grant of grants.slice(1)) expect(grant).toMatch(/^GRANT SELECT ON system\.\w+$/);
  });

  it('lets nobody in from outside the stack, and calls nobody', () => {
    const { spec } = only(clickhouseObjects(input, samplePlace), 'NetworkPolicy');
    expect(spec.egress).toBeUndefined();
    expect(spec.policyTypes).toContain('Egress');
    expect(spec.ingress?.[0]?.from).toEqual([
      { podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'shop' } } },
    ]);
  });
});

describe('the schema Job', () => {
  const input = {
    image: 'clickhouse/clickhouse-server:25.8',
    ddl: 'CREATE DATABASE otel;\n',
    host: 'h',
    port: 9440,
    secure: true,
    secret,
  };

  it('has another name when the schema changes, because a Job never can', () => {
    const name = (ddl: string) =>
      only(schemaJob({ ...input, ddl }, samplePlace), 'Job').metadata.name;
    expect(name('a')).toBe(name('a'));
    expect(name('a')).not.toBe(name('b'));
  });

  it('speaks TLS where the server does', () => {
    const args = (secure: boolean) =>
      only(schemaJob({ ...input, secure }, samplePlace), 'Job').spec.template.spec.containers[0]
        ?.args;
    expect(args(true)).toContain('--secure');
    expect(args(false)).not.toContain('--secure');
  });
});

describe('Grafana', () => {
  const { deploy: _deploy, ...existing } = sampleGrafana;

  it('has its password in no file', () => {
    const objects = grafanaObjects(sampleGrafana, samplePlace);
    const { datasources } = parse(only(objects, 'ConfigMap').data['datasource.yaml'] ?? '');
    expect(datasources[0].secureJsonData).toEqual({ password: '$CLICKHOUSE_PASSWORD' });
    const { env } = only(objects, 'StatefulSet').spec.template.spec.containers[0] as {
      env: readonly object[];
    };
    expect(env).toContainEqual({
      name: 'CLICKHOUSE_PASSWORD',
      valueFrom: { secretKeyRef: { name: 'clickhouse-reader', key: 'password' } },
    });
  });

  it('that exists gets ConfigMaps that a sidecar finds, and no server', () => {
    const objects = [
      ...grafanaObjects(existing, samplePlace),
      ...dashboardObjects(existing, samplePlace),
    ];
    expect(
      objects.map(({ kind, metadata }) => [kind, Object.keys(metadata.labels).at(-1)]),
    ).toEqual([
      ['ConfigMap', 'grafana_datasource'],
      ['ConfigMap', 'grafana_dashboard'],
      ['ConfigMap', 'grafana_alert'],
    ]);
  });

  it('of the operator gets its objects', () => {
    const input = { ...existing, deliver: 'operator' } as const;
    const objects = [
      ...grafanaObjects(input, samplePlace),
      ...dashboardObjects(input, samplePlace),
    ];
    expect(objects.map(({ kind }) => kind)).toEqual(['GrafanaDatasource', 'GrafanaDashboard']);
  });

  it.each(['files', 'push'] as const)('gets no dashboard object when they go by %s', (deliver) => {
    expect(dashboardObjects({ ...existing, deliver }, samplePlace)).toEqual([]);
    expect(grafanaObjects({ ...existing, deliver }, samplePlace)).toEqual([]);
  });

  it('refuses a dashboard that client-side apply could not carry, by its name', () => {
    const large = { name: 'large', json: 'x'.repeat(dashboardBytesMax + 1) };
    expect(() => dashboardObjects({ ...existing, dashboards: [large] }, samplePlace)).toThrow(
      expect.objectContaining({ code: 'OBS-1304', where: 'large' }),
    );
  });

  it('rolls when a dashboard changes', () => {
    const annotations = (json: string) => {
      const input = { ...sampleGrafana, dashboards: [{ name: 'one', json }] };
      return only(grafanaObjects(input, samplePlace), 'StatefulSet').spec.template.metadata
        .annotations;
    };
    expect(annotations('{}')).not.toEqual(annotations('{"a":1}'));
  });

  it('finds its alert rules where it looks for them, and rolls when they change', () => {
    const set = (...alertRules: readonly string[]) =>
      only(grafanaObjects({ ...sampleGrafana, alertRules }, samplePlace), 'StatefulSet').spec
        .template;
    const map = dashboardObjects(sampleGrafana, samplePlace).at(-1);
    const [container] = set('a').spec.containers;
    expect(container?.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/etc/grafana/provisioning/alerting' }),
    );
    const volume = set('a').spec.volumes?.find(({ name }) => name === 'alerting');
    expect(volume).toMatchObject({ configMap: { name: map?.metadata.name } });
    expect(set('a').metadata.annotations).not.toEqual(set('b').metadata.annotations);
    const maps = dashboardObjects({ ...sampleGrafana, alertRules: ['a', 'b'] }, samplePlace)
      .slice(-2)
      .map((object) => (object.kind === 'ConfigMap' ? [object.metadata.name, object.data] : []));
    const [[first, one] = [], [second, two] = []] = maps;
    expect([one, two]).toEqual([{ 'alert-rules.yaml': 'a' }, { 'alert-rules-2.yaml': 'b' }]);
    const sources = [{ configMap: { name: first } }, { configMap: { name: second } }];
    const several = set('a', 'b').spec.volumes?.find(({ name }) => name === 'alerting');
    expect(several).toMatchObject({ projected: { sources } });
  });
});

/** Tags that are not closed in order; empty when the text is well-formed. */
function openTags(text: string): readonly string[] {
  const open: string[] = [];
  for (const [, closing, name, selfClosing] of text.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (selfClosing !== '/') open.push(name ?? '');
  }
  return open;
}
