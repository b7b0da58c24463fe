/** Error codes of alert rules and of their watcher; see {@link codes}. */
export const alertCodes = {
  'OBS-4020': {
    title: 'a glob cannot be used in an alert rule',
    cause: 'An objective or a threshold is set for a text that no name of a service can be.',
    next: 'Use letters, digits, `_.:@/-`, and `*` and `?` for what may differ.',
  },
  'OBS-6020': {
    title: 'the state file of obsctl watch cannot be used',
    cause: 'It cannot be read or written, or holds something else than the state of a watcher.',
    next: 'Name another file with `--state`, or remove this one: what fires is then told again.',
  },
  'OBS-6021': {
    title: 'a channel did not take alerts',
    cause: 'It does not answer, or answers that it cannot now: 5xx, 408, 429; a mail server 4xx.',
    next: 'Nothing, if it comes back: what it did not take is kept and sent again each round.',
  },
  'OBS-6022': {
    title: 'a channel refused alerts',
    cause:
      'It answered with 3xx or 4xx, a mail server with 5xx: its address, key or password is' +
      ' wrong, or it takes no such message.',
    next: 'Correct the channel in the stack file, or its secret; what it refused is kept.',
  },
  'OBS-6023': {
    title: 'the secret of a channel cannot be used',
    cause:
      'A variable or file that the stack file names is not there, is empty, or no such secret.',
    next: 'Set the variable or write the file that the message names.',
  },
  'OBS-6024': {
    title: 'the file of silences cannot be used',
    cause: 'The file of `--silences` cannot be read, or is no list of silences.',
    next: 'Correct the file; `obsctl explain alerts.silences` shows what a silence looks like.',
  },
  'OBS-6025': {
    title: 'an e-mail did not reach every recipient',
    cause: 'The mail server took it for some recipients, and not or not yet for others.',
    next: 'Correct the addresses that the message names; those told to wait are tried again.',
  },
  'OBS-6026': {
    title: 'an e-mail channel cannot be used',
    cause: 'The stack file names no mail server for it, or a CA file that cannot be read.',
    next: 'Complete `smtp` of the channel; `obsctl explain alerts.channels.smtp` shows its keys.',
  },
} as const;
