/** What `gateway.tls` and `gateway.auth` mean for the agents of the same file. */
import type { PlacelessFault } from './issues.ts';
import { clash, mapAt, type RawMap } from './raw.ts';

const agents = ['node_agent', 'cluster_agent', 'prometheus_agent', 'sampler'] as const;

export function guardRules(stack: RawMap): readonly PlacelessFault[] {
  const gateway = mapAt(stack, 'gateway');
  const present = agents.find((name) => stack[name] !== undefined);
  const isGuarded = gateway['auth'] !== undefined || gateway['tls'] !== undefined;
  if (present === undefined || !isGuarded || gateway['endpoint'] !== undefined) return [];
  return [
    ...tokenFault(gateway, present),
    ...certificateFault(gateway, present),
    ...ebpfFault(stack),
  ];
}

function tokenFault(gateway: RawMap, agent: string): readonly PlacelessFault[] {
  if (gateway['auth'] === undefined || mapAt(gateway, 'auth')['agents'] !== undefined) return [];
  return [
    {
      path: ['gateway', 'auth'],
      on: 'key',
      code: 'OBS-1206',
      message: `gateway.auth lets nobody in without a token, and ${agent} has none to show`,
      expected: 'the Secret with the token of the agents',
      next:
        'Make a token with “obsctl token agents”, put it into a Secret, and name that: ' +
        'agents: {secret: gateway-token}.',
    },
  ];
}

function certificateFault(gateway: RawMap, agent: string): readonly PlacelessFault[] {
  if (mapAt(gateway, 'tls')['client_ca_key'] === undefined) return [];
  return [
    clash(
      ['gateway', 'tls', 'client_ca_key'],
      `with client_ca_key a sender without a certificate is turned away, and ${agent} shows a` +
        ' token, no certificate',
      'Take client_ca_key out and use gateway.auth, or render the agents from another file.',
    ),
  ];
}

/** Its program speaks OTLP itself and takes neither a token nor an authority from us yet. */
function ebpfFault(stack: RawMap): readonly PlacelessFault[] {
  const path = ['node_agent', 'presets', 'ebpf'];
  if (mapAt(stack, 'node_agent', 'presets')['ebpf'] === undefined) return [];
  return [
    {
      path,
      on: 'key',
      code: 'OBS-1209',
      message: 'ebpf sends to the gateway by itself and cannot show a token or trust an authority',
      expected: 'a gateway without gateway.tls and gateway.auth, or no ebpf',
      next: 'Take ebpf out, or guard the gateway with gateway.allow_from alone.',
    },
  ];
}
