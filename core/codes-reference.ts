/** The index of all error codes, drawn from their table. Pure; see tools/reference.ts. */
import { type CodeText, codes } from './codes.ts';
import { generatedNote, markdownTable } from './markdown.ts';

const ranges: readonly { readonly first: string; readonly title: string }[] = [
  { first: '1', title: 'Command line and stack file' },
  { first: '2', title: 'Gateway and its log' },
  { first: '3', title: 'ClickHouse, schema and embedded engine' },
  { first: '4', title: 'Dashboards and page' },
  { first: '5', title: 'Demo and this machine' },
  { first: '6', title: 'Jobs' },
];

/** `docs/reference/errors.md`, whole. */
export function errorsReference(): string {
  const all: readonly (readonly [string, CodeText])[] = Object.entries(codes);
  const parts = ranges.flatMap(({ first, title }) => {
    const rows = all.filter(([code]) => code.startsWith(`OBS-${first}`)).map(codeRow);
    return rows.length === 0
      ? []
      : [`## ${title}`, markdownTable(['code', 'what happened', 'why', 'next step'], rows)];
  });
  return `${[
    '# Errors',
    generatedNote('core/codes.ts'),
    'A message says what happened, where, and the next step. `obsctl explain OBS-NNNN` prints a' +
      ' row of this page. A code never changes its meaning.',
    'Exit codes of every command: 0 done; 1 a difference, a stale file or a failed check was' +
      ' found; 2 bad usage or bad input; 3 something outside could not be reached; 130' +
      ' interrupted.',
    ...parts,
  ].join('\n\n')}\n`;
}

function codeRow([code, { title, cause, next }]: readonly [string, CodeText]): readonly string[] {
  return [`[${code}](../errors/${code}.md)`, title, cause, next];
}
