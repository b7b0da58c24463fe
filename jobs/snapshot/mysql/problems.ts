/** What MySQL, the network and the driver say, as problems with a next step. */
import { type Code, codes } from '../../../core/codes.ts';
import { isProblem, Problem } from '../../../core/problem.ts';

/** Errors by the server's number: https://mariadb.com/kb/en/mariadb-error-code-reference/. */
const byNumber: Readonly<Record<number, Code>> = {
  1044: 'OBS-6123',
  1045: 'OBS-6122',
  1049: 'OBS-6123',
  1130: 'OBS-6122',
  1142: 'OBS-6125',
  1143: 'OBS-6125',
  1227: 'OBS-6125',
  1356: 'OBS-6125',
  1370: 'OBS-6125',
  1698: 'OBS-6122',
  3118: 'OBS-6122',
  3159: 'OBS-6124',
  4151: 'OBS-6122',
};

/** Errors before the server spoke: those of Node's sockets and of the driver. */
const byCode: readonly (readonly [RegExp, Code])[] = [
  [/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'OBS-6121'],
  [/^(HANDSHAKE_SSL_ERROR|HANDSHAKE_NO_SSL_SUPPORT)$/, 'OBS-6124'],
  [/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/, 'OBS-6124'],
];

/**
 * A problem at `address`, which never holds a password. `doing` is for the message: `reading
 * shop.orders`. What is a problem already stays as it is.
 */
export function problemOf(error: unknown, address: string, doing: string): Problem {
  if (isProblem(error)) return error;
  const code = codeOf(error);
  const said = Error.isError(error) ? saidBy(error) : String(error);
  return new Problem(code, `${doing}: ${codes[code].title}: ${said}`, {
    where: address,
    cause: error,
    reach: 'outside',
  });
}

/** The server's number of an error, 0 where it has none. */
export function errorNumber(error: unknown): number {
  if (!Error.isError(error) || !('errno' in error)) return 0;
  return typeof error.errno === 'number' ? error.errno : 0;
}

function codeOf(error: unknown): Code {
  const numbered = byNumber[errorNumber(error)];
  if (numbered !== undefined) return numbered;
  const text = Error.isError(error) && 'code' in error ? String(error.code) : '';
  return byCode.find(([pattern]) => pattern.test(text))?.[1] ?? 'OBS-6126';
}

/** A refused connection to several addresses has its words in `errors` alone. */
function saidBy(error: Error): string {
  if (error.message !== '') return error.message;
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  const words = inner.filter((one): one is Error => Error.isError(one)).map((one) => one.message);
  return words.join('; ') || ('code' in error ? String(error.code) : error.name);
}
