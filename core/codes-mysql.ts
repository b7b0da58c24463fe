/** Error codes of reading from MySQL and MariaDB; part of the table in `codes.ts`. */
export const mysqlCodes = {
  'OBS-6120': {
    title: 'the address of a MySQL source cannot be used',
    cause: 'It is not of the form `mysql://USER:PASSWORD@HOST:PORT/DATABASE`.',
    next: 'Correct the address; percent-encode what is special in a password, `@` as `%40`.',
  },
  'OBS-6121': {
    title: 'the MySQL server cannot be reached',
    cause: 'Nothing listens there, the name is unknown, or the network is in the way.',
    next: 'Check host and port from this machine, and that the server is up.',
  },
  'OBS-6122': {
    title: 'the MySQL server does not let the user in',
    cause: 'User or password are wrong, or the account is not for connections from this machine.',
    next: 'Check the account: `SHOW CREATE USER` shows from where it may come, and how.',
  },
  'OBS-6123': {
    title: 'the MySQL server has no such database for this user',
    cause: 'The database does not exist, or the user has no privilege on anything in it.',
    next: 'Correct the name, or `GRANT SELECT ON DATABASE.* TO USER`.',
  },
  'OBS-6124': {
    title: 'there is no trusted TLS with the MySQL server',
    cause: 'The server has no TLS, or its certificate is of another authority or another name.',
    next: 'Give the authority that signed its certificate as `ca`, or correct the host name.',
  },
  'OBS-6125': {
    title: 'the user of a MySQL source may not do this',
    cause: 'A privilege is missing, most often SELECT on a table or SHOW VIEW on a view.',
    next: 'Grant what the message names: `GRANT SELECT, SHOW VIEW ON DATABASE.* TO USER`.',
  },
  'OBS-6126': {
    title: 'reading from the MySQL server failed',
    cause: 'The connection was lost, a statement took too long, or a table changed meanwhile.',
    next: 'Run it again: the last good table stays as it is until a new one is whole.',
  },
  'OBS-6127': {
    title: 'a value of a MySQL column does not fit its ClickHouse type',
    cause: 'The column has a zero date, a year out of range, or another value at the edge.',
    next: 'Choose another edge policy for the column (clamp, null, string), or type `String`.',
  },
} as const;
