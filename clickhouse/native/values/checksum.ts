/**
 * The checksum of a block's rows: 64 bits that do not depend on the order of the rows, so that
 * blocks and tables add up, and that ClickHouse computes again from what it has stored with the
 * one expression of `checksum-sql.ts`.
 *
 * Each value has a digest of 64 bits:
 *
 *     number of at most 64 bits   its bits, zeros before them (so -0.0 is not 0.0, NaN is its bits)
 *     wider, FixedString, String  xxHash64 of its bytes as stored
 *     NULL                        a constant
 *     Tuple                       H(H(d1 ^ H(1)) + H(d2 ^ H(2)) + …)         H is intHash64
 *     Array                       H(length + H(d1 ^ H(1)) + H(d2 ^ H(2)) + …)
 *     Map                         H(length + the digests of its pairs as tuples)
 *
 * A row is the tuple of its columns, and the checksum the sum of the rows' digests modulo 2^64. The
 * position is mixed in before the sum, so values that change places are told; the outer H ties the
 * values of a row to each other, so values that change rows are told; a row that is there twice
 * counts twice. Rows in another order, and pairs of a map in another, are the same. It tells faults,
 * not forgers: both hashes are without a key.
 *
 * Hot path. Allocations: a view a window, none a value. Copies: each column once. Owner: the writer.
 * Watched by `values.bench.ts`.
 */
import type { Part } from './column.ts';
import { type Kernel, windowValues } from './kernel.ts';

/** The first area that columns inside of columns may use; two are the rows' own. */
const firstArea = 2;

/** The sum over `rows` rows, from 0 to 2^64 - 1. */
export function checksumOf(kernel: Kernel, columns: readonly Part[], rows: number): bigint {
  let sum = 0n;
  for (const column of columns) column.rewind(kernel);
  const sums = kernel.area(0);
  const digests = kernel.area(1);
  for (let row = 0; row < rows; row += windowValues) {
    const count = Math.min(windowValues, rows - row);
    kernel.clear(sums, count);
    for (let index = 0; index < columns.length; index += 1) {
      columns[index]!.digest(kernel, count, digests, firstArea);
      kernel.code.add(digests, sums, count, index + 1);
    }
    sum += kernel.code.total(sums, count);
  }
  return BigInt.asUintN(64, sum);
}
