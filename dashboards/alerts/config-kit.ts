/** The kinds of values that alerts, objectives and routes of a stack file are made of. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/units.ts';

/** What a name of a service, a namespace or a host is made of; no quotes and no dollar signs. */
export const globForm: RegExp = /^[\w*?./:@-]{1,200}$/;

const globError = 'a name or a glob of letters, digits, `_.:@/-`, `*` and `?`';

export const glob = z.string({ error: globError }).regex(globForm, { error: globError });

const isDuration = (text: string): boolean => (parseDurationMs(text) ?? 0) > 0;

export const duration = (error: string) => z.string({ error }).refine(isDuration, { error });

const secretError = 'either {env: NAME} or {file: PATH}';
const nameError = 'the name of an environment variable';

/** Where a secret is to be found; `examples` are a variable and a file. */
export const secretReference = (examples: { readonly env: string; readonly file: string }) =>
  z
    .strictObject({
      env: z
        .string({ error: nameError })
        .regex(/^[A-Za-z_]\w*$/, { error: nameError })
        .optional()
        .meta({ description: 'Environment variable that holds it', examples: [examples.env] }),
      file: z
        .string({ error: 'the path of a file' })
        .min(1, { error: 'the path of a file' })
        .optional()
        .meta({ description: 'File that holds it', examples: [examples.file] }),
    })
    .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
      error: secretError,
    });

export type SecretReference = z.output<ReturnType<typeof secretReference>>;
