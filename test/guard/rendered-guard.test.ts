/**
 * What a guarded stack file renders: the gateway's pod gets its files, and the agents of the same
 * file can show their token. The rendered arguments start a real gateway.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import { fromEnv } from '../../presets/from-env.ts';
import { createAuthority } from '../support/certificates.ts';
import { validateWith } from '../support/collector.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Rendered, renderFile } from '../support/rendered.ts';

const startMsMax = 60_000;
const file = join(import.meta.dirname, '../../stack/testdata/good/guarded.yaml');
const folder = mkdtempSync(join(tmpdir(), 'obsctl-rendered-'));
/** What the parts of pods that are looked at here have. */
type Container = {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
};
type Pod = {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly secret?: object }[];
};

let rendered: Rendered;

beforeAll(async () => {
  rendered = await renderFile(file);
}, startMsMax);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function find(kind: string, name: string): Record<string, unknown> {
  const found = rendered.objects.find(
    (object) => object.kind === kind && object.metadata.name === name,
  );
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found as unknown as Record<string, unknown>;
}

function podOf(kind: string, name: string): Pod {
  const { spec } = find(kind, name) as { spec: { template: { spec: Pod } } };
  return spec.template.spec;
}

function textOf(name: string, key: string): string {
  const { data } = find('ConfigMap', name) as { data: Record<string, string> };
  return data[key] ?? '';
}

describe('a guarded stack', () => {
  it('mounts the Secrets of the gateway as files and names them in its arguments', () => {
    const pod = podOf('StatefulSet', 'shop-gateway');
    const [container] = pod.containers;
    const secrets = pod.volumes.flatMap(({ secret }) => secret ?? []);
    expect(secrets).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ secretName: 'gateway-tls' }),
        expect.objectContaining({ secretName: 'gateway-credentials' }),
      ]),
    );
    const files = container?.args.filter((word) => /^\/etc\/obsctl-(tls|senders)\//.test(word));
    expect(files).toHaveLength(3);
    const places = container?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
    for (const path of files ?? []) {
      expect(places).toContain(path.slice(0, path.lastIndexOf('/')));
    }
  });

  it('gives every agent the token and the authority', () => {
    for (const [kind, name] of [
      ['DaemonSet', 'shop-node-agent'],
      ['Deployment', 'shop-cluster-agent'],
    ] as const) {
      const [container] = podOf(kind, name).containers;
      const token = container?.env.find((entry) => entry.name === 'OBSCTL_GATEWAY_TOKEN');
      const secretKeyRef = { name: 'gateway-token', key: 'token' };
      expect(token?.valueFrom).toMatchObject({ secretKeyRef });
      const places = container?.volumeMounts.map(({ mountPath }) => mountPath);
      expect(places).toContain('/etc/obsctl-gateway-ca');
    }
  });
});

describe('the rendered gateway', () => {
  const authority = createAuthority('authority');
  const secret = newSecret();
  let gateway: TestGateway;

  beforeAll(async () => {
    const name = 'shop-gateway.observability.svc';
    const issued = authority.issue({ commonName: name, dnsNames: [name] });
    const put = (path: string, text: string): string => {
      const place = join(folder, path);
      mkdirSync(join(place, '..'), { recursive: true });
      writeFileSync(place, text);
      return place;
    };
    put('etc/obsctl-tls/tls.crt', issued.certificate);
    put('etc/obsctl-tls/tls.key', issued.key);
    put('etc/obsctl-senders/credentials', `agents ${hashSecret(secret)} tenant=shop`);
    // The networks of the fixture are a cluster's.
    const text = textOf('shop-gateway', 'obs.yaml').replace('10.0.0.0/8', '127.0.0.0/8');
    put('etc/obsctl/obs.yaml', text);
    const [container] = podOf('StatefulSet', 'shop-gateway').containers;
    const guarded = (container?.args ?? []).flatMap((word, index, all) =>
      /^(-f|--tls-|--credentials)/.test(word) ? [word, join(folder, all[index + 1] ?? '')] : [],
    );
    expect(guarded).toHaveLength(8);
    gateway = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', args: guarded });
  }, startMsMax);

  afterAll(() => gateway?.stop());

  it('lets the agents in, and nobody else', async () => {
    expect(await send(`Bearer agents.${secret}`)).toBe(200);
    expect(await send()).toBe(401);
  });

  function send(authorization?: string): Promise<number | undefined> {
    const { port } = new URL(gateway.http);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          servername: 'shop-gateway.observability.svc',
          port,
          path: '/v1/logs',
          method: 'POST',
          ca: authority.certificate,
          agent: new Agent(),
          headers: {
            'content-type': 'application/json',
            ...(authorization !== undefined && { authorization }),
          },
        },
        (response) => resolve(response.resume().statusCode),
      );
      sent.on('error', reject).end('{}');
    });
  }
});

describe('obsctl gateway with a guarded stack file', () => {
  it('does not start without the files that stand for its Secrets', async () => {
    const started = startGateway({ clickhouseUrl: 'http://127.0.0.1:9', args: ['-f', file] });
    await expect(started).rejects.toThrow(/OBS-1003: gateway\.auth names a Secret.*--credentials/s);
  });
});

describeWithPeer('collector-0.149', 'the agents of a guarded stack', (program) => {
  it('are accepted by the real Collector', async () => {
    const ca = join(folder, 'ca.crt');
    writeFileSync(ca, createAuthority('x').certificate);
    const text = textOf('shop-cluster-agent', 'config.yaml').replace(
      '/etc/obsctl-gateway-ca/ca.crt',
      ca,
    );
    expect(parse(text).exporters).toMatchObject({
      'otlp_grpc/gateway': {
        headers: { authorization: `Bearer ${fromEnv('OBSCTL_GATEWAY_TOKEN')}` },
      },
    });
    const env = { OBSCTL_GATEWAY_TOKEN: 'agents.x', MY_POD_IP: '127.0.0.1' };
    expect(await validateWith(program, text, env)).toMatchObject({ accepted: true });
  });
});
