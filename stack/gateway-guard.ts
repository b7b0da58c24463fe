/** What the stack file says of who may send to the gateway, and how much. */
import { z } from 'zod';
import { gatewaySettings } from '../gateway/config.ts';
import {
  isNetwork,
  isOriginPattern,
  isTenantKey,
  networksMax,
  originsMax,
  seriesMax,
  tenantsMax,
} from '../gateway/guard/config.ts';
import { count, objectName, secretKey, size } from './kit.ts';

const itemsPerSecondMax = 1_000_000_000;

export const tls = z
  .strictObject({
    secret: objectName({
      description: 'Secret with certificate and key, as cert-manager makes it; in `namespace`',
      examples: ['gateway-tls'],
    }),
    cert_key: secretKey({
      description: 'Key of the certificate with its chain in it, PEM',
      examples: ['tls.crt'],
    }).default('tls.crt'),
    key_key: secretKey({
      description: 'Key of the private key in it, PEM',
      examples: ['tls.key'],
    }).default('tls.key'),
    client_ca_key: secretKey({
      description:
        'Key of the authorities that sign the certificates of senders; with it a sender without' +
        ' one is turned away (mutual TLS)',
      examples: ['client-ca.crt'],
    }).optional(),
    agents_ca: z
      .strictObject({
        secret: objectName({
          description: 'Secret with the authority of the certificate; in `agents_namespace`',
          examples: ['gateway-ca'],
        }),
        key: secretKey({ description: 'Its key, PEM', examples: ['ca.crt'] }).default('ca.crt'),
      })
      .optional()
      .meta({
        description:
          'The authority that the agents of this file trust; absent: the ones of their image. The' +
          ' certificate must have the name of the Service, for example' +
          ' `shop-gateway.observability.svc`',
        examples: [{ secret: 'gateway-ca' }],
      }),
  })
  .meta({
    description: 'TLS 1.2 and 1.3 of the OTLP listeners; only flavor `obsctl`',
    examples: [{ secret: 'gateway-tls', agents_ca: { secret: 'gateway-ca' } }],
  });

export const auth = z
  .strictObject({
    secret: objectName({
      description: 'Secret with the credentials file; in `namespace`',
      examples: ['gateway-credentials'],
    }),
    key: secretKey({
      description: 'Key of the file in it: lines of `obsctl token`',
      examples: ['credentials'],
    }).default('credentials'),
    agents: z
      .strictObject({
        secret: objectName({
          description: 'Secret with a token; in `agents_namespace`',
          examples: ['gateway-token'],
        }),
        key: secretKey({
          description: 'Key of the token in it: what `obsctl token` printed first',
          examples: ['token'],
        }).default('token'),
      })
      .optional()
      .meta({
        description: 'The token that the agents of this file show',
        examples: [{ secret: 'gateway-token' }],
      }),
  })
  .meta({
    description: `${gatewaySettings.credentialsFile.description}; only flavor \`obsctl\``,
    examples: [{ secret: 'gateway-credentials', agents: { secret: 'gateway-token' } }],
  });

const limits = z
  .strictObject({
    bytes_per_second: size({
      description: 'Requests a second, inflated; unit: bytes with a suffix',
      examples: ['10Mi'],
    }).optional(),
    items_per_second: count(
      { description: 'Spans, data points and log records a second', examples: [50_000] },
      { min: 1, max: itemsPerSecondMax },
    ).optional(),
    log_share: z
      .number({ error: 'a number above 0 and at most 1' })
      .gt(0, { error: 'a number above 0 and at most 1' })
      .max(1, { error: 'a number above 0 and at most 1' })
      .optional()
      .meta({
        description: 'Share of the log that its undelivered requests may fill; 1 is all of it',
        examples: [0.5],
      }),
    series: count(
      {
        description:
          'Series of remote write that are known at a time: seen in this hour or the one before.' +
          ' Known ones pass, new ones beyond are refused. Each worker counts those of its' +
          ' own connections',
        examples: [500_000],
      },
      { min: 1, max: seriesMax },
    ).optional(),
    series_per_metric: count(
      {
        description: 'Of these, series of one metric; only with `series`, which bounds the memory',
        examples: [10_000],
      },
      { min: 1, max: seriesMax },
    ).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error:
      'at least one of bytes_per_second, items_per_second, log_share, series, series_per_metric',
  })
  .refine((value) => value.series_per_metric === undefined || value.series !== undefined, {
    error: 'series, too, where series_per_metric is given',
  })
  .meta({
    description: 'What the tenant may send',
    examples: [{ bytes_per_second: '10Mi', items_per_second: 50_000 }],
  });

const tenantForm = 'a tenant of lower case letters, digits, dots, dashes and underscores, or “*”';

export const tenants = z
  .record(
    z.string().refine((name) => isTenantKey(name), { error: tenantForm }),
    limits,
  )
  .refine((value) => Object.keys(value).length <= tenantsMax, {
    error: `at most ${tenantsMax} tenants`,
  })
  .meta({
    description:
      'Limits by tenant, over all workers of a replica (but for series); `*` is every other' +
      ' tenant, and everybody where there are none. Only flavor `obsctl`',
    examples: [{ shop: { bytes_per_second: '10Mi' }, '*': { items_per_second: 10_000 } }],
  });

export const allowFrom = z
  .array(
    z
      .string()
      .refine((text) => isNetwork(text), { error: 'a network such as 10.0.0.0/8 or fd00::/8' }),
  )
  .min(1)
  .max(networksMax)
  .meta({
    description: `${gatewaySettings.allowFrom.description}. Only flavor \`obsctl\``,
    examples: [['10.0.0.0/8', 'fd00::/8']],
  });

export const corsOrigins = z
  .array(
    z.string().refine((text) => isOriginPattern(text), {
      error: 'an origin such as https://shop.example or https://*.shop.example',
    }),
  )
  .min(1)
  .max(originsMax)
  .meta({
    description: `${gatewaySettings.corsOrigins.description}. Only flavor \`obsctl\``,
    examples: [['https://shop.example']],
  });
