/**
 * Which of ClickHouse's exceptions will never go away by themselves. Only exceptions about the
 * data of one block are permanent: for everything else (overload, memory, a missing table, rights)
 * an operator can repair the server, and the same block then goes in.
 */

// biome-ignore format: a table reads as a table
const permanentCodes: ReadonlySet<number> = new Set([
  6,   // CANNOT_PARSE_TEXT
  9,   // SIZES_OF_COLUMNS_DOESNT_MATCH
  10,  // NOT_FOUND_COLUMN_IN_BLOCK
  26,  // CANNOT_PARSE_QUOTED_STRING
  27,  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32,  // ATTEMPT_TO_READ_AFTER_EOF
  33,  // CANNOT_READ_ALL_DATA
  38,  // CANNOT_PARSE_DATE
  41,  // CANNOT_PARSE_DATETIME
  53,  // TYPE_MISMATCH
  69,  // ARGUMENT_OUT_OF_BOUND
  70,  // CANNOT_CONVERT_TYPE
  72,  // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  395, // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
  469, // VIOLATED_CONSTRAINT
]);

/** A proxy's answer has no exception code: only 413 says that the block itself is the trouble. */
export function classifyException(status: number, code: number): 'retryable' | 'permanent' {
  if (code === 0) return status === 413 ? 'permanent' : 'retryable';
  return permanentCodes.has(code) ? 'permanent' : 'retryable';
}

/**
 * A view behind the table failed after the rows themselves were stored: the seal waits for the
 * repair of the view, and the same token then heals it (gateway.md, section 3).
 */
export function isPushingToView(message: string): boolean {
  return /while pushing to view/i.test(message);
}

// biome-ignore format: a table reads as a table
const tableCodes: ReadonlySet<number> = new Set([
  16,  // NO_SUCH_COLUMN_IN_TABLE
  44,  // ILLEGAL_COLUMN
  47,  // UNKNOWN_IDENTIFIER
  60,  // UNKNOWN_TABLE
  218, // TABLE_IS_DROPPED
  242, // TABLE_IS_READ_ONLY
  252, // TOO_MANY_PARTS
  497, // ACCESS_DENIED
]);

/** Whether only this table is in trouble: units of others need not wait for it. */
export function isOfTable(code: number, message: string): boolean {
  return tableCodes.has(code) || isPushingToView(message);
}

/** The table's columns changed under us: look at them again before the next attempt. */
export function isSchemaException(code: number): boolean {
  return [8, 10, 16, 47, 53, 60, 81].includes(code);
}
