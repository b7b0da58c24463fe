/**
 * How an agent reports itself to our gateway by OpAMP: its version, health and configuration. Over
 * plain HTTP, which needs no connection of its own, and with every capability off by which it
 * could be told to do something (the extension's own default, and the gateway asks for nothing).
 *
 * It says which rendered configuration it was started with by a hash of that configuration, which
 * is taken before the hash is in it: the same presets give the same hash.
 */
import { createHash } from 'node:crypto';
import { escapeDollars } from '../../collector/escape.ts';
import type { CollectorConfig, Component } from '../../collector/types.ts';
import { writeConfig } from '../../collector/write.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import type { PresetContext } from '../preset.ts';
import { guardConfig } from './gateway-guard.ts';

const opampId = 'opamp';

const path = '/v1/opamp';
/** Attribute that names the rendered configuration. */
const hashAttribute = 'obsctl.config.hash';
const hashDigits = 16;

/** None where nobody answers: another gateway, or one that is told not to. */
export function opampExtension(context: PresetContext): readonly Component[] {
  const { agent, cluster, stack, gatewayGuard: guard, opampAddress: address } = context;
  if (address === undefined || context.target === 'host') return [];
  const scheme = guard?.isTls === true ? 'https' : 'http';
  const config = {
    server: {
      http: { endpoint: escapeDollars(`${scheme}://${address}${path}`), ...guardConfig(guard) },
    },
    // A list of everything that is built in, which `service.version` says shorter.
    capabilities: { reports_available_components: false },
    agent_description: {
      non_identifying_attributes: {
        'k8s.cluster.name': escapeDollars(cluster),
        'k8s.namespace.name': context.agentsNamespace,
        'k8s.node.name': fromEnv('K8S_NODE_NAME'),
        'k8s.pod.name': fromEnv('MY_POD_NAME'),
        'obsctl.agent': agent,
        'obsctl.stack': escapeDollars(stack),
      },
    },
  };
  return [{ kind: 'extension', id: opampId, config }];
}

/** With its own hash among what the agent says; as it was without the extension. */
export function withConfigHash(config: CollectorConfig, version: string): CollectorConfig {
  const extension = config.extensions[opampId];
  if (extension === undefined) return config;
  const text = writeConfig(config, { version });
  const hash = createHash('sha256').update(text).digest('hex').slice(0, hashDigits);
  const said = { ...attributesOf(extension), [hashAttribute]: hash };
  const description = { non_identifying_attributes: said };
  return {
    ...config,
    extensions: {
      ...config.extensions,
      [opampId]: { ...extension, agent_description: description },
    },
  };
}

/** The hash that {@link withConfigHash} put in; undefined where no agent reports. */
export function configHashOf(config: CollectorConfig): string | undefined {
  const extension = config.extensions[opampId];
  const hash = extension === undefined ? undefined : attributesOf(extension)[hashAttribute];
  return typeof hash === 'string' ? hash : undefined;
}

function attributesOf(extension: JsonObject): JsonObject {
  const description = extension['agent_description'] as JsonObject | undefined;
  return (description?.['non_identifying_attributes'] ?? {}) as JsonObject;
}
