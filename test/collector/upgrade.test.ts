/** Upgraded configurations before the real Collector, which refused them as they were. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { upgradeConfig } from '../../collector/upgrade.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const agent = readFileSync(
  join(import.meta.dirname, '../../collector/testdata/upgrade/agent.yaml'),
  'utf8',
);
/** What a pod's environment has; nothing is connected to. */
const env = {
  K8S_NODE_NAME: 'node-1',
  NODE: 'node-1',
  KUBERNETES_SERVICE_HOST: '127.0.0.1',
  KUBERNETES_SERVICE_PORT: '1',
};

/** What of the table can be asked of 0.161: load balancing, ClickHouse, remote write. */
const gateway = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
processors:
  cumulativetodelta: {}
exporters:
  logging: {loglevel: info}
  clickhouse: {endpoint: "tcp://127.0.0.1:9000", ttl_days: 3, create_schema: false}
  prometheusremotewrite: {endpoint: "http://127.0.0.1:9090/api/v1/write"}
  loadbalancing:
    protocol: {otlp: {tls: {insecure: true}}}
    resolver: {static: {hostnames: [a]}}
service:
  telemetry: {metrics: {address: "[::]:8888"}}
  pipelines:
    traces: {receivers: [otlp], exporters: [loadbalancing, clickhouse]}
    metrics:
      receivers: [otlp]
      processors: [cumulativetodelta]
      exporters: [prometheusremotewrite, logging]
`;

describeWithPeer('collector-0.149', 'an old agent', (program) => {
  it('is refused as it is and accepted once upgraded', async () => {
    expect(await validateWith(program, agent, env)).toMatchObject({ accepted: false });
    const { text } = upgradeConfig(agent, { to: '0.149.0', file: 'agent.yaml' });
    expect(await validateWith(program, text, env)).toEqual({ accepted: true, text: '' });
  });
});

describeWithPeer('collector', 'an old gateway', (program) => {
  it('is refused as it is and accepted once upgraded', async () => {
    expect(await validateWith(program, gateway)).toMatchObject({ accepted: false });
    const { text } = upgradeConfig(gateway, { to: '0.161.0', file: 'gateway.yaml' });
    expect(await validateWith(program, text)).toEqual({ accepted: true, text: '' });
  });
});
