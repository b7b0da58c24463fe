/** What an agent shows to a guarded gateway, and whom it trusts: the same for all protocols. */
import type { Needs } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import type { GatewayGuard } from '../preset.ts';

const authorityDir = '/etc/obsctl-gateway-ca';
const tokenVariable = 'OBSCTL_GATEWAY_TOKEN';

/** Keys of an exporter to the gateway; none where the gateway asks nothing. */
export function guardConfig(guard: GatewayGuard | undefined): JsonObject {
  if (guard === undefined) return {};
  const { isTls, authority, token } = guard;
  const trusted = authority && { ca_file: `${authorityDir}/${authority.key}` };
  return {
    ...(isTls && { tls: { insecure: false, ...trusted } }),
    ...(token !== undefined && { headers: { authorization: `Bearer ${fromEnv(tokenVariable)}` } }),
  };
}

/** Secrets as variable and file; an agent that sends nothing to the gateway mounts none. */
export function guardNeeds(guard: GatewayGuard | undefined): Pick<Needs, 'env' | 'secretMounts'> {
  const { authority, token } = guard ?? {};
  return {
    env:
      token === undefined
        ? []
        : [{ name: tokenVariable, secret: { name: token.secret, key: token.key } }],
    secretMounts:
      authority === undefined
        ? []
        : [{ name: 'gateway-ca', secret: authority.secret, mountPath: authorityDir }],
  };
}
