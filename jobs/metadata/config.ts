/** What a stack file says about entities: what of them is kept, and how many watch. */
import { z } from 'zod';

const namesMax = 100;
const nameLengthMax = 317;
const replicasMax = 3;

const labelName = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/;
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

const ownerLabels = (what: string, labels: readonly string[]) =>
  z
    .array(z.string({ error: nameError }).regex(labelName, { error: nameError }))
    .max(namesMax, { error: `at most ${namesMax} names` })
    .default([...labels])
    .meta({
      description: `Labels that name the ${what}; the first that is there counts`,
      examples: [[`example.com/${labels[0]}`]],
    });

const columnError = 'the name of a column: letters, digits and underscores';
const column = (what: string) =>
  z
    .string({ error: columnError })
    .regex(/^\w{1,200}$/, { error: columnError })
    .optional()
    .meta({ description: `Its column with the ${what}`, examples: ['team'] });

const tableError = 'the name of a table: [DATABASE.]TABLE';

/** A table of the same ClickHouse, such as a snapshot of the company's own list. */
const ownersTable = z
  .strictObject({
    name: z
      .string({ error: tableError })
      .regex(/^(\w{1,100}\.)?\w{1,200}$/, { error: tableError })
      .meta({ description: 'Table with a row a workload or namespace', examples: ['shop.teams'] }),
    workload: column('name of a workload or service'),
    namespace: column('name of a namespace'),
    team: column('team'),
    owner: column('owner'),
    cost_center: column('cost center'),
  })
  .refine((table) => (table.workload ?? table.namespace) !== undefined, {
    error: 'a column with workloads or namespaces',
  })
  .refine((table) => (table.team ?? table.owner ?? table.cost_center) !== undefined, {
    error: 'a column with team, owner or cost center',
  })
  .optional()
  .meta({
    description: 'Table of the same ClickHouse that says who owns what, such as a snapshot',
    examples: [{ name: 'shop.teams', workload: 'service', team: 'team' }],
  });

const ownersOptions = z
  .strictObject({
    team: ownerLabels('team', ['team']),
    owner: ownerLabels('owner', ['owner']),
    cost_center: ownerLabels('cost center', ['cost-center', 'cost-centre']),
    table: ownersTable,
  })
  .prefault({})
  .meta({
    description: 'Who owns workloads and namespaces: team, owner and cost center',
    examples: [{ team: ['example.com/team'] }],
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
    owners: ownersOptions,
    cost: z
      .boolean({ error: 'true or false' })
      .default(true)
      .meta({
        description:
          'Counts what nodes and pods cost, every ten minutes: `obsctl cost run --watch` beside' +
          ' the watcher',
        examples: [false],
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
