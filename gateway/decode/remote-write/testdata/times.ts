/** When the requests of tests come in. */
export const nowNs = 1_795_003_200_000_000_000n;
export const nowMs: bigint = nowNs / 1_000_000n;
export const dayMs = 86_400_000n;
