/** The kinds of values that alerts, objectives and routes of a stack file are made of. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/units.ts';

/** What a name of a service, a namespace or a host is made of; no quotes and no dollar signs. */
export const globForm: RegExp = /^[\w*?./:@-]{1,200}$/;

const globError = 'a name or a glob of letters, digits, `_.:@/-`, `*` and `?`';

export const glob = z.string({ error: globError }).regex(globForm, { error: globError });

const isDuration = (text: string): boolean => (parseDurationMs(text) ?? 0) > 0;

export const duration = (error: string) => z.string({ error }).refine(isDuration, { error });
