/** OpAMP as protobufjs sees it: the independent encoder and decoder of tests and fuzzers. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const descriptor = JSON.parse(readFileSync(new URL('opamp.json', import.meta.url), 'utf8'));
const root = protobuf.Root.fromJSON(descriptor);

/** A message of the protocol, by its name. */
export function opampType(name: string): protobuf.Type {
  return root.lookupType(`opamp.proto.v1.${name}`);
}

/** AgentToServer given as plain data, `.proto` field names; a map of texts is a KeyValue list. */
export function encodeAgentMessage(message: Record<string, unknown>): Buffer {
  const type = opampType('AgentToServer');
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}

/** ServerToAgent as plain data; numbers of 64 bits are numbers. */
export function decodeAnswer(bytes: Uint8Array): Record<string, unknown> {
  const type = opampType('ServerToAgent');
  return type.toObject(type.decode(bytes), { longs: Number, enums: String });
}

export const uid = Buffer.from('0192f5a07c3e7b1e8f0011223344556e', 'hex');

export function keyValues(
  attributes: Readonly<Record<string, string>>,
): readonly Record<string, unknown>[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: { string_value: value },
  }));
}

/** What a Collector says first: everything. */
export function fullMessage(sequence: number, hash = '00112233aabbccdd') {
  return {
    instance_uid: uid,
    sequence_num: sequence,
    capabilities: 0x1 | 0x4 | 0x800,
    agent_description: {
      identifying_attributes: keyValues({
        'service.name': 'shop-node-agent',
        'service.version': '0.149.0',
      }),
      non_identifying_attributes: keyValues({
        'k8s.cluster.name': 'prod-eu',
        'k8s.node.name': 'node-17',
        'obsctl.agent': 'node-agent',
        'obsctl.config.hash': hash,
      }),
    },
    health: {
      healthy: true,
      start_time_unix_nano: '1795003200123456789',
      status: 'StatusOK',
      component_health_map: {
        'pipeline:traces': {
          healthy: false,
          status: 'StatusRecoverableError',
          last_error: 'connection refused',
          component_health_map: { 'exporter:otlp/gateway': { healthy: true } },
        },
      },
    },
    effective_config: {
      config_map: {
        config_map: {
          '': { body: Buffer.from('receivers: {otlp: {}}\n'), content_type: 'text/yaml' },
        },
      },
    },
  };
}
