/** The keys of an e-mail channel: who gets the e-mails, and the server that takes them. */
import { z } from 'zod';
import { duration, secretReference } from '../config-kit.ts';

/** How a connection is protected; the port that is usual for it. */
export const usualPorts = { starttls: 587, implicit: 465, none: 25 } as const;

const recipientsMax = 50;
/** The longest path of RFC 5321, section 4.5.3.1.3, without its angle brackets. */
const addressLengthMax = 254;
const portMax = 65_535;

/** Address only: what could end a header, a path or a list of addresses is no part of it. */
const addressForm = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;
const addressError = 'an address such as ops@shop.example';
const address = z
  .string({ error: addressError })
  .max(addressLengthMax, { error: addressError })
  .regex(addressForm, { error: addressError });

export const recipients = z
  .array(address, { error: 'a list of addresses' })
  .min(1, { error: 'at least one address' })
  .max(recipientsMax, { error: `at most ${recipientsMax} addresses` })
  .meta({
    description: 'Who gets the e-mails of a channel of the type `email`; one e-mail to all of them',
    examples: [['ops@shop.example']],
  });

const hostError = 'the name or address of a server';
const portError = `a port, 1 to ${portMax}`;
const pairError = 'user and password, or neither';
const plainError = 'a tls other than none, because a password would go over it as it is';

export const smtp = z
  .strictObject({
    host: z
      .string({ error: hostError })
      .regex(/^[\w.:-]{1,253}$/, { error: hostError })
      .meta({ description: 'Server that takes the e-mails', examples: ['smtp.shop.example'] }),
    port: z
      .number({ error: portError })
      .int({ error: portError })
      .min(1, { error: portError })
      .max(portMax, { error: portError })
      .optional()
      .meta({
        description: 'Its port; absent: 587, with `implicit` 465, with `none` 25',
        examples: [2525],
      }),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .meta({
        description:
          'How it is spoken to: `starttls` (required: without it nothing is sent), `implicit`' +
          ' (TLS from the start) or `none`',
        examples: ['implicit'],
      }),
    ca_file: z
      .string({ error: 'the path of a file' })
      .min(1, { error: 'the path of a file' })
      .optional()
      .meta({
        description:
          'PEM file of the CA that signed its certificate; absent: those that Node knows',
        examples: ['/etc/obsctl/mail-ca.pem'],
      }),
    user: z
      .string({ error: 'the name of a user' })
      .min(1, { error: 'the name of a user' })
      .optional()
      .meta({ description: 'Whom it knows us as; absent: nobody', examples: ['alerts'] }),
    password: secretReference({ env: 'SMTP_PASSWORD', file: '/run/secrets/smtp' })
      .optional()
      .meta({ description: 'Password of the user', examples: [{ env: 'SMTP_PASSWORD' }] }),
    from: address.meta({
      description: 'Sender of the e-mails; their Message-Id ends with its domain',
      examples: ['obsctl@shop.example'],
    }),
    timeout: duration('a duration such as 30s')
      .default('30s')
      .meta({
        description: 'How long one e-mail may take, from connecting to the last answer',
        examples: ['30s'],
      }),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: pairError,
  })
  .refine(({ user, tls }) => user === undefined || tls !== 'none', { error: plainError })
  .meta({
    description: 'Server by which `obsctl watch` sends e-mails; a Grafana has its own',
    examples: [{ host: 'smtp.shop.example', from: 'obsctl@shop.example' }],
  });

export type Smtp = z.output<typeof smtp>;
