/** The main thread's connection to ClickHouse, for schema and rollups; lanes have their own. */
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import { type CredentialSource, followCredentials } from '../clickhouse/credentials.ts';
import type { GatewayConfig } from './config.ts';

/** To the first shard. Credentials of the configuration go before those of the environment. */
export function connect(
  config: GatewayConfig,
  env: Readonly<Record<string, string | undefined>>,
  requestTimeoutMs: number,
): ClickHouse {
  return connectClickHouse({
    url: config.clickhouseUrls[0] ?? '',
    env,
    credentials: followCredentials(credentialSource(config)),
    requestTimeoutMs,
  });
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
