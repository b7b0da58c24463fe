/** Error codes of reading PostgreSQL; see {@link codes}. */
export const postgresCodes = {
  'OBS-6060': {
    title: 'the address of a PostgreSQL database cannot be used',
    cause: 'It is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE.',
    next: 'Correct it, and write `@`, `/`, `:` and `#` in a password as %40, %2F, %3A and %23.',
  },
  'OBS-6061': {
    title: 'PostgreSQL cannot be reached',
    cause: 'Nothing answers at its address, or the connection broke off.',
    next: 'See that the server runs, and that its address and the network between are right.',
  },
  'OBS-6062': {
    title: 'PostgreSQL refused the log-in',
    cause: 'The user, its password or the database does not exist, or pg_hba.conf refuses.',
    next: 'Correct user, password or database, or ask who runs the server for a log-in.',
  },
  'OBS-6063': {
    title: 'no TLS connection to PostgreSQL',
    cause: 'The server has no TLS, its certificate is not trusted, or it asks for TLS.',
    next: 'Give the CA of its certificate, or choose another `sslmode`.',
  },
  'OBS-6064': {
    title: 'a table in PostgreSQL may not be read',
    cause: 'The user lacks a right on it, or row-level security would hide some of its rows.',
    next: 'Give the right: `GRANT SELECT ON TABLE TO USER`, or leave out the table.',
  },
  'OBS-6065': {
    title: 'a standby of PostgreSQL ended the query',
    cause: 'What it replays from its primary removes rows that the snapshot still needs.',
    next: 'Set hot_standby_feedback = on, raise max_standby_streaming_delay, or read the primary.',
  },
  'OBS-6066': {
    title: 'a table in PostgreSQL changed while it was read',
    cause: 'A column was added, dropped or changed, or the table was rewritten or emptied.',
    next: 'Run the snapshot again, when no migration is running.',
  },
  'OBS-6067': {
    title: 'a value in PostgreSQL does not fit its column',
    cause: 'The ClickHouse type of the column cannot hold it, and its policy is to fail.',
    next: 'Choose another policy (clamp, null, string) or another type for the column.',
  },
  'OBS-6068': {
    title: 'PostgreSQL ended a query',
    cause: 'The server answered with an error, such as a time limit or a fault in a filter.',
    next: 'Read the message of the server; for a time limit raise the statement timeout.',
  },
  'OBS-6069': {
    title: 'the rows of a table in PostgreSQL did not come whole',
    cause: 'What the server sent ends early, or is not what it announced.',
    next: 'Run the snapshot again; the table of the last good run stays as it was.',
  },
} as const;
