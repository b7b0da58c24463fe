/** Errors of the driver and of the server, as a person can act on them. */
import type { Code } from '../../../core/codes.ts';
import { isProblem, Problem } from '../../../core/problem.ts';

/** SQLSTATE, or Node's code of an error of the network. */
function codeOf(error: unknown): string {
  return Error.isError(error) && 'code' in error ? String(error.code) : '';
}

type Meaning = { readonly code: Code; readonly next?: string };

const tlsNext = 'Give the CA that signed its certificate (`tls.ca`), or say sslmode=require.';

/**
 * By SQLSTATE (the manual's appendix A) or by Node's code.
 * @param where host, port and database, and the table that was being read
 */
export function toProblem(error: unknown, where: string): Problem {
  if (isProblem(error)) return error.where === undefined ? placed(error, where) : error;
  const text = Error.isError(error) ? error.message : String(error);
  const meaning = meaningOf(codeOf(error), text);
  const message = text === '' ? codeOf(error) || 'no reason was given' : text;
  return new Problem(meaning.code, message, {
    where,
    reach: meaning.code === 'OBS-6061' ? 'outside' : 'input',
    cause: error,
    ...(meaning.next !== undefined && { next: meaning.next }),
  });
}

/** What is thrown far inside, where a value is all that is known, gets its table here. */
function placed(problem: Problem, where: string): Problem {
  const { code, message, next, reach } = problem;
  return new Problem(code, message, { where, next, reach, cause: problem });
}

function meaningOf(code: string, text: string): Meaning {
  if (isTlsFault(code, text)) return { code: 'OBS-6063', next: tlsNext };
  if (/does not support SSL/.test(text)) {
    return { code: 'OBS-6063', next: 'Switch TLS on in the server, or say sslmode=disable.' };
  }
  if (/no pg_hba\.conf entry/.test(text)) return { code: 'OBS-6062', next: hbaNext(text) };
  if (/conflict with recovery/.test(text)) return { code: 'OBS-6065' };
  return byCode.get(code) ?? { code: /^[0-9A-Z]{5}$/.test(code) ? 'OBS-6068' : 'OBS-6061' };
}

function isTlsFault(code: string, text: string): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_TO_|SELF_SIGNED)/.test(code) ||
    /establishing an SSL connection/.test(text)
  );
}

function hbaNext(text: string): string {
  return /no encryption/.test(text)
    ? 'Say sslmode=require, or add a line to pg_hba.conf that lets this client in without TLS.'
    : 'Add a line for this user, database and address to pg_hba.conf, and reload the server.';
}

const byCode: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['ECONNREFUSED', { code: 'OBS-6061', next: 'Start the server, or correct host and port.' }],
  ['ENOTFOUND', { code: 'OBS-6061', next: 'Correct the host: its name leads to no address.' }],
  ['ENOENT', { code: 'OBS-6061', next: 'Correct the folder of the socket, or start the server.' }],
  ['28P01', { code: 'OBS-6062', next: 'Correct the user or the password.' }],
  ['28000', { code: 'OBS-6062', next: 'Correct the user, or give it the right to log in.' }],
  ['3D000', { code: 'OBS-6062', next: 'Correct the name of the database.' }],
  [
    '42501',
    {
      code: 'OBS-6064',
      next:
        'Give the right to read it (`GRANT SELECT ON TABLE TO USER`; for row-level security ' +
        '`ALTER ROLE USER BYPASSRLS`), or leave it out.',
    },
  ],
  ['42P01', { code: 'OBS-6066' }],
  ['42703', { code: 'OBS-6066', next: 'See that the column is there, also in the filter.' }],
  [
    '53300',
    {
      code: 'OBS-6061',
      next: 'Ask for fewer readers, or raise max_connections or the limit of the user.',
    },
  ],
  ['55P03', { code: 'OBS-6068', next: 'Wait until the migration that holds the table is done.' }],
  [
    '57014',
    {
      code: 'OBS-6068',
      next: 'If it was the time limit, raise the statement timeout or take smaller chunks.',
    },
  ],
  ['57P01', { code: 'OBS-6061', next: 'Run it again: the server ended the connection.' }],
  ['57P03', { code: 'OBS-6061', next: 'Wait until the server has started.' }],
]);
