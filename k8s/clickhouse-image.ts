/** What the image of ClickHouse brings, for servers, Keepers and its client alike. */

/** Its own user. */
export const clickhouseUserId = 101;

/** Where a server listens for clients. */
export const clickhousePorts = { http: 8123, native: 9000 } as const;
