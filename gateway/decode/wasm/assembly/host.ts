/** What the module asks of its host. Allocations: one string a double. See `decode.bench.ts`. */

/** Writes JavaScript's shortest text of a double at `to`; returns its length. */
export declare function putDouble(to: i32, value: f64): i32;
