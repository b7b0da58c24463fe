/** What a stack file says about entities: what of them is kept, and how many watch. */
import { z } from 'zod';

const namesMax = 100;
const nameLengthMax = 317;
const replicasMax = 3;

const collectionError = 'the name of a named collection: letters, digits and underscores';
const nameError = 'the name of a label such as app.kubernetes.io/name, or “*” for all';
const names = (what: 'labels' | 'annotations', example: string) =>
  z
    .array(
      z
        .string({ error: nameError })
        .max(nameLengthMax, { error: nameError })
        .regex(/^(\*|([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)$/, { error: nameError }),
      { error: `a list of names of ${what}` },
    )
    .max(namesMax, { error: `at most ${namesMax} names` })
    .default([])
    .meta({
      description: `The ${what} of Kubernetes objects that are kept as tags; “*” for all`,
      examples: [[example]],
    });

/** `entities` of the stack file. */
export const entitiesOptions = z
  .strictObject({
    labels: names('labels', 'team'),
    annotations: names('annotations', 'example.com/owner'),
    replicas: z
      .number({ error: `a number from 1 to ${replicasMax}` })
      .int({ error: 'a whole number' })
      .min(1, { error: 'at least 1' })
      .max(replicasMax, { error: `at most ${replicasMax}` })
      .default(1)
      .meta({
        description: 'Pods of the watcher; one of them writes, the others take its place',
        examples: [2],
      }),
    collection: z
      .string({ error: collectionError })
      .regex(/^\w{1,100}$/, { error: collectionError })
      .optional()
      .meta({
        description:
          'Named collection of an external ClickHouse with the user that dictionaries over ' +
          'entities read as; without it the server’s user `default`',
        examples: ['obsctl_lookups'],
      }),
  })
  .optional()
  .meta({
    description:
      'Records what runs where, with its history: a watcher of the API server beside the gateway',
    examples: [{ labels: ['team', 'app.kubernetes.io/name'] }],
  });
