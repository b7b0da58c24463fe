/** Codes of `obsctl cost`; part of the table in `codes.ts`. */
export const costCodes = {
  'OBS-6150': {
    title: 'a price file that cannot be used',
    cause: 'A key, a price or a combination is not what a price file may say. Nothing was loaded.',
    next: 'Correct the lines named in the message; docs/guide/cost.md has a whole file.',
  },
  'OBS-6151': {
    title: 'a bill that cannot be imported',
    cause:
      'The file is no CSV with the columns of FOCUS, or a row of it cannot be read. Nothing of ' +
      'it counts.',
    next: 'Export the bill again as FOCUS 1.0 or newer, CSV or CSV with gzip.',
  },
  'OBS-6152': {
    title: 'nothing was counted of what is asked for',
    cause: 'There are no hours of cost for this time: none were counted, or no node was recorded.',
    next: 'Record entities with `obsctl entities watch`, then run `obsctl cost run --since 24h`.',
  },
  'OBS-6153': {
    title: 'no traffic was reported',
    cause: 'There are no minutes of flows for this time, which traffic is counted of.',
    next:
      'Put `ebpf: {network: true}` under node_agent.presets of the stack file, or send flows as ' +
      'OTLP logs (docs/guide/flows.md).',
  },
} as const;
