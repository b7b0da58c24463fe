/** Codes of `obsctl init`; part of the table in `codes.ts`. */
export const initCodes = {
  'OBS-1211': {
    title: 'the file exists already',
    cause: '`obsctl init` never overwrites a file.',
    next: 'Choose another folder, or move the file away.',
  },
  'OBS-1214': {
    title: 'not the outputs of Terraform that a stack file needs',
    cause:
      'The file is not what `terraform output -json` prints, or an output is missing or not a' +
      ' section of a stack file.',
    next: 'Give the root the outputs `clickhouse` and `grafana` of our modules, and apply it.',
  },
  'OBS-1215': {
    title: 'an output of Terraform is sensitive',
    cause: 'What is marked as a secret would stand in the stack file and in every rendered object.',
    next: 'Take the secret out of the output; the stack file names a Secret and its keys instead.',
  },
} as const;
