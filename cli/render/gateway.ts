/** The gateway of a stack: the stock Collector until an image of ours is named. */
import { stringify } from 'yaml';
import { parseDurationMs } from '../../core/units.ts';
import { gatewayObjects } from '../../k8s/gateway.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import type { Place } from '../../k8s/place.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';
import type { Stack } from '../../stack/types.ts';
import { buildGateway } from './agents.ts';
import { clickhouseServers } from './clickhouse-address.ts';

export type RenderedGateway = {
  readonly objects: readonly KubernetesObject[];
  /** The Collector of flavor `collector`; our own gateway is none. */
  readonly collector: BuiltAgent | undefined;
};

export function renderGateway(stack: Stack, place: Place): RenderedGateway {
  const { flavor, image, storage_class, replicas, replicas_max } = stack.gateway;
  const autoscale = replicas_max === undefined ? undefined : { min: replicas, max: replicas_max };
  if (flavor === 'collector' || image === undefined) {
    const collector = buildGateway(stack);
    const { workload } = collector;
    return {
      objects: gatewayObjects(
        { flavor: 'collector', workload, storageClass: storage_class, autoscale },
        place,
      ),
      collector,
    };
  }
  const own = { ...ownInput(stack, image), autoscale };
  return { objects: gatewayObjects(own, place), collector: undefined };
}

function ownInput(stack: Stack, image: string): Parameters<typeof gatewayObjects>[0] {
  const { replicas, volume, storage_class, resources, workers, grace, tls, auth, insert_quorum } =
    stack.gateway;
  const { secret, user_key, password_key } = stack.clickhouse.credentials;
  const graceMs = parseDurationMs(grace) ?? 0;
  return {
    flavor: 'obsctl',
    image,
    stackText: gatewayPartOf(stack),
    replicas,
    volume,
    storageClass: storage_class,
    resources: {
      cpuRequest: resources.cpu_request,
      memoryRequest: resources.memory_request,
      memoryLimit: resources.memory_limit,
    },
    workers,
    insertQuorum: insert_quorum,
    graceS: Math.ceil(graceMs / 1000),
    clickhouse: clickhouseServers(stack),
    secret: { name: secret, userKey: user_key, passwordKey: password_key },
    redactionKey: stack.gateway.redaction?.key,
    tls: tls && {
      secret: tls.secret,
      certKey: tls.cert_key,
      keyKey: tls.key_key,
      clientCaKey: tls.client_ca_key,
    },
    auth: auth && { secret: auth.secret, key: auth.key },
    dogstatsd: stack.gateway.dogstatsd,
    opamp: stack.gateway.opamp,
  };
}

/** Only what the gateway reads: a change elsewhere in the file must not restart it. */
function gatewayPartOf(stack: Stack): string {
  const { name, gateway, clickhouse } = stack;
  const part = {
    name,
    clickhouse: { retention: clickhouse.retention },
    gateway: { volume: gateway.volume, ...dataOf(gateway) },
  };
  return stringify(part, { lineWidth: 0 });
}

/** The image names the flavor, without which these keys are faults. */
function dataOf(gateway: Stack['gateway']): object {
  const { image, sampling, redaction, tenants, allow_from, cors_origins } = gateway;
  const given = Object.entries({ sampling, redaction, tenants, allow_from, cors_origins }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? {} : { image, ...Object.fromEntries(given) };
}
