/**
 * How an agent sends by remote write: `testdata/remote-write.golden.yaml` has its exporter and what
 * it needs of its pod, for the oldest and the newest Collector. `UPDATE_GOLDEN=1` writes it anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { configFor } from '../../collector/naming.ts';
import type { CollectorWorkload } from '../../collector/workload.ts';
import type { AgentContext } from './agent.ts';
import { prometheusAgentOptions } from './prometheus-agent/config.ts';
import { buildPrometheusAgent } from './prometheus-agent.ts';

const golden = join(import.meta.dirname, 'testdata/remote-write.golden.yaml');

const context: AgentContext = {
  target: 'kubernetes',
  stack: 'shop',
  cluster: 'prod-eu',
  namespace: 'observability',
  agentsNamespace: 'observability-agents',
  collectorVersion: '0.149.0',
  kubernetesMinor: 33,
  platform: 'generic',
  gatewayEndpoint: 'shop-gateway.observability.svc:4317',
  gatewayHttpEndpoint: 'shop-gateway.observability.svc:4318',
};

function build(given: object, place: AgentContext = context): CollectorWorkload {
  const options = prometheusAgentOptions.parse(given);
  return buildPrometheusAgent({ context: place, options, extraExporters: {} }).workload;
}

const guarded: AgentContext = {
  ...context,
  gatewayGuard: {
    isTls: true,
    authority: { secret: 'gateway-ca', key: 'ca.crt' },
    token: { secret: 'gateway-token', key: 'token' },
  },
};

function shown(version: string, place: AgentContext): unknown {
  const { config, needs } = build({ export: 'remote_write' }, place);
  const { exporters, service } = configFor(config, version);
  const { env, secretMounts } = needs;
  const secrets = env.filter((variable) => 'secret' in variable);
  return { exporters, pipelines: service.pipelines, needs: { secrets, secretMounts } };
}

describe('an agent with export: remote_write', () => {
  it('has the golden way out, to an open gateway and to a guarded one', () => {
    const text = stringify({
      '0.149.0': shown('0.149.0', context),
      '0.161.0, guarded': shown('0.161.0', guarded),
    });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('differs from one that sends OTLP in its way out alone', () => {
    const withoutExit = (by: string) => {
      const { config, provenance: _, ...rest } = build({ export: by }, guarded);
      const { exporters: _exporters, service, ...others } = config;
      const { exporters: _ids, ...metrics } = service.pipelines.metrics ?? {};
      return { ...rest, others, metrics, telemetry: service.telemetry };
    };
    expect(withoutExit('remote_write')).toEqual(withoutExit('otlp'));
    expect(Object.keys(build({}).config.exporters)).toEqual(['otlp_grpc/gateway']);
  });

  it('keeps a dollar of the cluster’s name from being a reference', () => {
    const { exporters } = build({ export: 'remote_write' }, { ...context, cluster: 'a$b' }).config;
    expect(exporters).toMatchObject({
      'prometheus_remote_write/gateway': { external_labels: { k8s_cluster_name: 'a$$b' } },
    });
  });

  it('is refused where nobody knows the HTTP address of the gateway', () => {
    const { gatewayHttpEndpoint: _, ...elsewhere } = context;
    expect(() => build({ export: 'remote_write' }, elsewhere)).toThrow(
      /remote write needs the HTTP address/,
    );
  });
});
