/** The stand-ins of all providers, as Terraform is told of them. */
import { clickhouse } from './clickhouse.ts';
import { clickhousedbops } from './clickhousedbops.ts';
import { grafana } from './grafana.ts';
import type { ProviderText } from './notation.ts';
import { type StandIn, startStandIn } from './server.ts';

export type RunningProvider = StandIn & { readonly provider: ProviderText };

const providers: readonly ProviderText[] = [clickhouse, clickhousedbops, grafana];

export async function startAll(): Promise<readonly RunningProvider[]> {
  return await Promise.all(
    providers.map(async (provider) => ({ ...(await startStandIn(provider)), provider })),
  );
}

/** The value of `TF_REATTACH_PROVIDERS`: a process that Terraform neither starts nor stops. */
export function reattach(running: readonly RunningProvider[]): string {
  const entries = running.map(({ provider, port }) => [
    provider.address,
    {
      Protocol: 'grpc',
      ProtocolVersion: 6,
      Pid: process.pid,
      Test: true,
      Addr: { Network: 'tcp', String: `127.0.0.1:${port}` },
    },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}
