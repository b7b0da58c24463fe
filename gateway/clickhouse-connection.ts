/** The main thread's connection to ClickHouse, for schema and rollups; lanes have their own. */
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import type { GatewayConfig } from './config.ts';

/** Credentials of the configuration go before those of the environment. */
export function connect(
  config: GatewayConfig,
  env: Readonly<Record<string, string | undefined>>,
  requestTimeoutMs: number,
): ClickHouse {
  return connectClickHouse({
    url: config.clickhouseUrl,
    env: {
      ...env,
      ...(config.clickhouseUser !== undefined && { CLICKHOUSE_USER: config.clickhouseUser }),
      ...(config.clickhousePassword !== undefined && {
        CLICKHOUSE_PASSWORD: config.clickhousePassword,
      }),
    },
    requestTimeoutMs,
  });
}
