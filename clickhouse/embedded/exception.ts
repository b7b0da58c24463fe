/**
 * ClickHouse's own form of an error, as its HTTP interface answers it: the text, the code header
 * and the status that clients branch on.
 */
export type Exception = {
  readonly code: number;
  /** `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`, without the version. */
  readonly text: string;
};

/** The codes that we raise ourselves. The numbers are ClickHouse's. */
const exceptionCodes = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  CHECKSUM_DOESNT_MATCH: 40,
  TOO_LARGE_SIZE_COMPRESSED: 106,
  UNKNOWN_COMPRESSION_METHOD: 89,
  UNKNOWN_EXCEPTION: 1002,
  READONLY: 164,
  UNKNOWN_USER: 192,
  REQUIRED_PASSWORD: 194,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  CANNOT_DECOMPRESS: 271,
  SUPPORT_IS_DISABLED: 344,
  QUERY_WAS_CANCELLED: 394,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
} as const;

export type ExceptionName = keyof typeof exceptionCodes;

/** An error that is answered to the client in ClickHouse's form. Test it by `code`. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** Makes an error of our own in ClickHouse's wording. */
export function engineError(name: ExceptionName, message: string): EngineError {
  const code = exceptionCodes[name];
  return new EngineError(code, `Code: ${code}. DB::Exception: ${message} (${name})`);
}

/** Whatever was thrown, as an exception to answer. */
export function toException(error: unknown): Exception {
  const text = Error.isError(error) ? error.message : String(error);
  const match = /^Code: (\d+)\./.exec(text);
  if (match !== null) return { code: Number(match[1]), text };
  const code = exceptionCodes.UNKNOWN_EXCEPTION;
  return { code, text: `Code: ${code}. DB::Exception: ${text} (UNKNOWN_EXCEPTION)` };
}

const badRequest = new Set([
  6, 15, 25, 26, 27, 36, 38, 41, 44, 50, 53, 62, 69, 72, 117, 167, 168, 427, 436, 441, 675, 676,
]);
const notFound = new Set([16, 46, 47, 56, 60, 63, 73, 78, 81, 115, 135, 336, 511]);
const forbidden = new Set([192, 193, 516, 497]);

/** The status that ClickHouse's HTTP interface gives an exception. */
export function httpStatusOf(code: number): number {
  if (code === exceptionCodes.REQUIRED_PASSWORD) return 401;
  if (forbidden.has(code)) return 403;
  if (badRequest.has(code)) return 400;
  if (notFound.has(code)) return 404;
  if (code === 159) return 408;
  if (code === exceptionCodes.TOO_MANY_SIMULTANEOUS_QUERIES) return 429;
  if (code === exceptionCodes.NOT_IMPLEMENTED) return 501;
  if (code === 209 || code === 76) return 503;
  return 500;
}
