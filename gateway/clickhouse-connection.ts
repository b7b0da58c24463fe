/** The main thread's connection to ClickHouse, for schema and rollups; lanes have their own. */
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import { type CredentialSource, followCredentials } from '../clickhouse/credentials.ts';
import type { GatewayConfig } from './config.ts';

/**
 * To the first shard, and of its replicas to the first one that answers. Credentials of the
 * configuration go before those of the environment.
 */
export async function connect(
  config: GatewayConfig,
  env: Readonly<Record<string, string | undefined>>,
  requestTimeoutMs: number,
): Promise<ClickHouse> {
  const credentials = followCredentials(credentialSource(config));
  const open = (url: string): ClickHouse =>
    connectClickHouse({ url, env, credentials, requestTimeoutMs });
  return await firstAnswering(config.clickhouseShards[0] ?? [], open);
}

/** To the first replica that answers, or the last one when none does. */
export async function firstAnswering(
  replicas: readonly string[],
  open: (url: string) => ClickHouse,
): Promise<ClickHouse> {
  for (const url of replicas.slice(0, -1)) {
    const connection = open(url);
    if ((await connection.client.ping()).success) return connection;
    await connection.close();
  }
  return open(replicas.at(-1) ?? '');
}

/** Where the configuration says that user and password are. */
export function credentialSource(config: GatewayConfig): CredentialSource {
  return {
    user: config.clickhouseUser,
    password: config.clickhousePassword,
    userFile: config.clickhouseUserFile,
    passwordFile: config.clickhousePasswordFile,
  };
}
