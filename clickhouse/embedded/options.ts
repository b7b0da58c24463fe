/** What an embedded engine is started with; the command line and `obsctl up` fill it in. */
export type EmbeddedOptions = {
  readonly dataDir: string;
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string;
  /** Passwords, one `user:password` a line. Demanded beyond loopback. */
  readonly usersFile: string | undefined;
  readonly memoryBytesMax: number;
  readonly markCacheBytes: number;
};

export const defaultListen = '127.0.0.1:8123';
export const defaultMemoryBytesMax = 2 * 1024 ** 3;
export const defaultMarkCacheBytes = 128 * 1024 ** 2;

/** The line that the process writes to stdout once it answers. */
export type Announcement = {
  readonly ready: 'embedded';
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  readonly version: string;
  /** Tokens taken back because their part was never put in place (see prune-tokens.ts). */
  readonly prunedTokens: number;
};
