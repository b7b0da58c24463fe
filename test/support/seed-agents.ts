/** Agents: three that report, one of them unhealthy and one with another configuration, one gone. */
import type { AgentState } from '../../gateway/opamp/agents.ts';
import { agentRow } from '../../gateway/opamp/rows.ts';

// biome-ignore format: a table reads as a table, one agent a line
const seeded = [
  { node: 'node-1', hash: 'aaaa000011112222', agoMs: 10_000, error: '' },
  { node: 'node-2', hash: 'aaaa000011112222', agoMs: 20_000, error: 'queue is full' },
  { node: 'node-3', hash: 'bbbb000011112222', agoMs: 30_000, error: '' },
  { node: 'node-4', hash: 'bbbb000011112222', agoMs: 600_000, error: '' },
];

/** Rows of `agents` up to `toMs`. */
export function agentRows(toMs: number): readonly object[] {
  return seeded.map(({ node, hash, agoMs, error }, index): object => {
    const state: AgentState = {
      tenant: '',
      instanceUid: String(index).padStart(32, '0'),
      description: {
        'service.name': 'shop-node-agent',
        'service.version': '0.149.0',
        'k8s.cluster.name': 'lab',
        'k8s.node.name': node,
        'obsctl.agent': 'node-agent',
        'obsctl.stack': 'shop',
        'obsctl.config.hash': hash,
      },
      capabilities: 0x805n,
      health: {
        isHealthy: error === '',
        startedNs: BigInt(toMs - 900_000) * 1_000_000n,
        lastError: error,
        status: '',
        components: error === '' ? {} : { 'pipeline:traces': `StatusRecoverableError: ${error}` },
      },
      config: undefined,
      isDisconnected: false,
      lastSeenMs: toMs - agoMs,
    };
    return agentRow(state);
  });
}
