/** Codes of `obsctl dashboards push`; part of the table in `codes.ts`. */
export const pushCodes = {
  'OBS-4101': {
    title: 'the address of Grafana cannot be used',
    cause: 'It is not an http or https address, or it carries user and password.',
    next: 'Give the address as a browser shows it, with its path, and a token as GRAFANA_TOKEN.',
  },
  'OBS-4102': {
    title: 'there is no token for Grafana',
    cause: 'GRAFANA_TOKEN is not set, is empty, or has a character that no token has.',
    next: 'Make a service account token in Grafana, and export it as GRAFANA_TOKEN.',
  },
  'OBS-4103': {
    title: 'Grafana does not answer',
    cause: 'Nothing listens there, the network is in the way, or Grafana says 429 or 5xx.',
    next: 'Check the address in a browser and push again; it goes on where it was interrupted.',
  },
  'OBS-4104': {
    title: 'what answers is not a Grafana',
    cause: 'At the address stands a redirect, a login page of a proxy, or another program.',
    next: 'Give the address of Grafana with its path; `ADDRESS/api/health` must answer JSON.',
  },
  'OBS-4105': {
    title: 'Grafana does not know the token',
    cause: 'The token is misspelt, was deleted, has ended, or belongs to another Grafana.',
    next: 'Make a new token for the service account in this very Grafana.',
  },
  'OBS-4106': {
    title: 'the token may not do this',
    cause: 'The role of the service account is too small for what the message names.',
    next: 'Give it the role Editor, or Admin when `--clickhouse` makes a data source.',
  },
  'OBS-4107': {
    title: 'the ClickHouse data source plugin is missing',
    cause: 'Every panel asks the plugin grafana-clickhouse-datasource, which is not there.',
    next: 'Run `grafana cli plugins install grafana-clickhouse-datasource` and restart Grafana.',
  },
  'OBS-4108': {
    title: 'somebody else has our place in Grafana',
    cause: 'Something that is not ours has the uid or the title of one of ours.',
    next: 'Rename or move it in Grafana, or choose another folder with `--folder`.',
  },
  'OBS-4109': {
    title: 'somebody changed it in Grafana meanwhile',
    cause: 'Between reading and writing, another person or push changed the same thing.',
    next: 'Push again: it reads what there is now; `--dry-run` shows what it would change.',
  },
  'OBS-4110': {
    title: 'it is provisioned from a file',
    cause: 'Grafana loads it from a file of its own and lets nobody change it by the API.',
    next: 'Take the file out of the provisioning of that Grafana, or let it bring the change.',
  },
  'OBS-4111': {
    title: 'Grafana refused a request',
    cause: 'The message carries its status and its own words.',
    next: 'Do what the words say; what was written stays, and the next push goes on there.',
  },
  'OBS-4112': {
    title: 'the data source cannot be used',
    cause: 'The uid of `--data-source-uid` is unknown, or its data source of another type.',
    next: 'Use one of the uids in the message, or let `--clickhouse URL` make one.',
  },
} as const;
