/** `1415 passed, 0 failed, 2 skipped`, with its line end. */
export declare function totalsLine(totals: {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}): string;
