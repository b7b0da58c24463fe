import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type CodeText, codes } from './codes.ts';
import { errorsReference } from './codes-reference.ts';

const folder = join(import.meta.dirname, '../docs/errors');
const all: readonly (readonly [string, CodeText])[] = Object.entries(codes);

function pageOf(code: string): string {
  return readFileSync(join(folder, `${code}.md`), 'utf8');
}

describe('the pages of error codes', () => {
  it.each(all)('%s has its title and its next step from the table', (code, { title, next }) => {
    const page = pageOf(code);
    expect(page.split('\n')[0]).toBe(`# ${code}: ${title}`);
    expect(page.replaceAll(/\s+/g, ' ')).toContain(`**Next step.** ${next}`);
  });

  it.each(all)('%s says what it means and why it happens', (code) => {
    expect(pageOf(code)).toMatch(/\n\*\*What it means\.\*\* \S.*\n\n\*\*Cause\.\*\* \S/);
  });

  it('are there for codes of the table only', () => {
    const pages = readdirSync(folder).filter((name) => name.startsWith('OBS-'));
    expect(pages.sort()).toEqual(all.map(([code]) => `${code}.md`).sort());
  });
});

describe('the index of errors', () => {
  it('lists every code once', () => {
    const listed = [...errorsReference().matchAll(/^\| \[(OBS-\d{4})\]/gm)].map(([, code]) => code);
    expect(listed.sort()).toEqual(all.map(([code]) => code).sort());
  });
});
