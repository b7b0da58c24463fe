import { alertCodes } from './codes-alerts.ts';
import { initCodes } from './codes-init.ts';
import { jobCodes } from './codes-jobs.ts';
import { pushCodes } from './codes-push.ts';
import { renderCodes } from './codes-render.ts';

/**
 * Every error code of the product; those of alerts stand beside. A code never changes its meaning
 * and is never reused. Ranges: 1xxx command line and stack file, 2xxx gateway and its log, 3xxx
 * ClickHouse, schema and embedded engine, 4xxx dashboards and page, 5xxx demo and machine, 6xxx
 * jobs. Each code has a page `docs/errors/OBS-NNNN.md`; `obsctl explain OBS-NNNN` prints it.
 */

export type CodeText = {
  /** What happened, in a few words, without the particulars. */
  readonly title: string;
  /** Why it happens. */
  readonly cause: string;
  /** What to do next. */
  readonly next: string;
};

export const codes = {
  'OBS-1001': {
    title: 'unknown command or option',
    cause: 'The command line has a word that this version of obsctl does not know.',
    next: 'Run `obsctl --help`, or `obsctl COMMAND --help`, and correct the word.',
  },
  'OBS-1002': {
    title: 'Node is too old',
    cause: 'obsctl runs its TypeScript directly and needs Node 24.12 or newer.',
    next: 'Install Node 24.12 or newer; in a clone run `npm ci`, which brings its own.',
  },
  'OBS-1003': {
    title: 'an argument has a value that cannot be used',
    cause: 'An option was given a value of the wrong form, for example an address without a port.',
    next: 'Correct the value named in the message; `obsctl COMMAND --help` shows an example.',
  },
  'OBS-1004': {
    title: 'internal error',
    cause: 'A programming error in obsctl, not something you did.',
    next: 'Report it with the printed stack; nothing that was answered as stored is lost.',
  },
  'OBS-1005': {
    title: 'this machine cannot run it as it is',
    cause: 'The platform, the free disk space or a failed installation stands in the way.',
    next: 'Do what the message says; `OBSCTL_NO_EMBEDDED=1` leaves out the embedded engine.',
  },
  'OBS-1101': {
    title: 'two presets contradict each other',
    cause: 'Two presets of one agent give the same component or key different values.',
    next: 'Leave out one of the two presets, or give both the same value.',
  },
  'OBS-1102': {
    title: 'the Collector would refuse a configuration',
    cause: 'A Collector configuration names what is not there or what does not fit together.',
    next: 'Correct the place named in the message; it is the one the Collector would name.',
  },
  'OBS-1103': {
    title: 'no module is known for a component',
    cause: 'A configuration uses a component type that the catalog of components does not have.',
    next: 'Correct the type, or add the module to the builder manifest by hand.',
  },
  'OBS-1104': {
    title: 'the file is not a Collector configuration',
    cause: 'The file cannot be read, is not valid YAML, or has none of the sections.',
    next: 'Give a file with `receivers`, `exporters` and `service`; `-` reads standard input.',
  },
  'OBS-1106': {
    title: 'not a version of the Collector that we know',
    cause: 'A version has the form 0.161.0, and names are known from 0.144 to 0.161.',
    next: 'Use a version such as 0.149.0 or 0.161.0.',
  },
  'OBS-1120': {
    title: 'two presets want the same port',
    cause: 'The options of two presets of one agent name the same port.',
    next: 'Give one of the two presets named in the message another port.',
  },
  'OBS-1121': {
    title: 'a preset cannot stand where it was put',
    cause: 'The agent, its mode or another preset would make it collect the same data twice.',
    next: 'Move or take out the preset that the message names.',
  },
  ...renderCodes,
  'OBS-1200': {
    title: 'the stack file has faults',
    cause: 'What is printed above this line is wrong in the file, so nothing was made of it.',
    next: 'Correct the faults above; `obsctl validate` prints them again.',
  },
  'OBS-1201': {
    title: 'the stack file cannot be read',
    cause: 'The file is missing, is a folder, or this user may not read it.',
    next: 'Name the file with `-f FILE`, or make one with `obsctl init`.',
  },
  'OBS-1202': {
    title: 'the stack file is not one YAML document',
    cause: 'The text breaks a rule of YAML, or uses a part of YAML that a stack file does without.',
    next: 'Correct the place that the message points at; `obsctl init` shows a file that is right.',
  },
  'OBS-1203': {
    title: 'unknown key',
    cause: 'The stack file has a key that this version does not know, perhaps misspelt.',
    next: 'Use the key that the message names; `obsctl explain KEY` and `obsctl schema` list them.',
  },
  'OBS-1204': {
    title: 'a value of the wrong type',
    cause:
      'A key was given a text where it takes a number, a list where it takes a map, and so on.',
    next: 'Write the value as the message says; quote a text that looks like a number.',
  },
  'OBS-1205': {
    title: 'a value that is not allowed',
    cause: 'The value has the right type but not the right form, or lies outside the limits.',
    next: 'Write the value as the message says; `obsctl explain KEY` shows an example.',
  },
  'OBS-1206': {
    title: 'a key is missing',
    cause: 'A key has no default and the stack file does not have it.',
    next: 'Add the key that the message names.',
  },
  'OBS-1207': {
    title: 'two keys do not go together',
    cause: 'Each key is right by itself, but one makes the other impossible or without effect.',
    next: 'Change one of the two keys that the message names.',
  },
  'OBS-1208': {
    title: 'a reference cannot be resolved',
    cause: 'The environment variable of `${env:NAME}` is not set, or the reference is misspelt.',
    next: 'Set the variable, or give a default: `${env:NAME:-value}`.',
  },
  'OBS-1209': {
    title: 'not in this version',
    cause: 'The key is known, but what it asks for is not built yet; it is refused, not ignored.',
    next: 'Take the key out of the file.',
  },
  'OBS-1210': {
    title: 'a secret stands in the stack file',
    cause: 'A password or token in the file would also stand in every rendered object.',
    next: 'Put it into a Secret, and name the Secret and its key.',
  },
  'OBS-1212': {
    title: 'the typed stack file does not load',
    cause: 'The module has a fault of its own, or it has no default export.',
    next: 'Correct the module; it must `export default defineStack({...})`.',
  },
  'OBS-1213': {
    title: 'there is no such key or code',
    cause: '`obsctl explain` was asked for a key of the stack file or a code that does not exist.',
    next: 'Use a key as it stands in the stack file, with dots: `gateway.volume`.',
  },
  ...initCodes,
  'OBS-1401': {
    title: 'the stack cannot be rendered this way',
    cause: 'What was asked for needs something that the stack file does not name, or contradicts.',
    next: 'Change the key named in the message, or leave the part out with `--only`.',
  },
  'OBS-1402': {
    title: 'rendered files cannot be read or written',
    cause: 'The folder given with `-o` is missing, not writable, or holds something else.',
    next: 'Give a folder that you may write to, and run the command again.',
  },
  'OBS-1403': {
    title: 'not a set of Kubernetes objects',
    cause: 'A file or an answer that should hold Kubernetes objects as YAML holds something else.',
    next: 'Give a folder that `obsctl render -o DIR` wrote.',
  },
  'OBS-1404': {
    title: 'kubectl could not ask the cluster',
    cause: 'kubectl is missing, has no working context, or the API server refused the question.',
    next: 'Make `kubectl get namespaces` work in this terminal, then run the command again.',
  },
  'OBS-2001': {
    title: 'the port is taken',
    cause: 'Another process listens on the address that the gateway was told to use.',
    next: 'Stop the process that holds the port, or choose another address, for example port 0.',
  },
  'OBS-2002': {
    title: 'the address cannot be listened on',
    cause: 'The address is not one of this machine, or the port needs rights we do not have.',
    next: 'Choose an address of this machine (`127.0.0.1`, `0.0.0.0`, `::`) and a port above 1023.',
  },
  'OBS-2020': {
    title: 'the data directory is in use',
    cause: 'Another process has this directory open; two writers would destroy the log.',
    next: 'Stop the process named in the message, or choose another directory.',
  },
  'OBS-2021': {
    title: 'the log was written by a newer version',
    cause: 'A segment of the log has a format that this version does not know.',
    next: 'Start the newer version again, or deliver what is in the log with it first (`--drain`).',
  },
  'OBS-2022': {
    title: 'the log cannot be opened',
    cause: 'The disk refused to read, write or sync a file of the log directory.',
    next: 'Check that the directory is writable and the disk is healthy; no file was removed.',
  },
  'OBS-2023': {
    title: 'the size limit of the log is too small',
    cause: 'The log must hold at least four records of the largest size that is accepted.',
    next: 'Raise the size of the log or lower the largest request.',
  },
  'OBS-2040': {
    title: 'a lane of the gateway stopped',
    cause: 'A worker thread of the gateway ended by an error; the message has its last words.',
    next: 'Start the gateway again: what was answered is in the log and will be delivered.',
  },
  'OBS-2041': {
    title: 'the log is not empty',
    cause: 'The drain was interrupted before ClickHouse had taken everything.',
    next: 'Run the same command again; nothing is lost and nothing will be stored twice.',
  },
  'OBS-2050': {
    title: 'a file that guards the gateway cannot be read',
    cause: 'A certificate, a key or a credentials file is missing or not readable for this user.',
    next: 'Check the path and its rights; certificate and key are given together.',
  },
  'OBS-2051': {
    title: 'the TLS certificate cannot be used',
    cause: 'A file is not PEM, the certificate has ended, or the key belongs to another one.',
    next: 'Put certificate, with its chain, and the key of it into the files; they are read again.',
  },
  'OBS-2052': {
    title: 'the credentials file cannot be used',
    cause: 'A line is not `NAME sha256:SALT:DIGEST` or `NAME certificate` with its options.',
    next: 'Make the line with `obsctl token NAME`, and put it where the message points.',
  },
  'OBS-2053': {
    title: 'the secret is too weak',
    cause: 'A secret that somebody thought up can be guessed; it is kept as a fast hash.',
    next: 'Leave it out: `obsctl token NAME` makes one.',
  },
  'OBS-2060': {
    title: 'redaction rules that cannot be used',
    cause: 'The file of `--redact` is not of the form of the key `gateway.redaction`.',
    next: 'Correct the rule named in the message; `obsctl explain gateway.redaction` shows one.',
  },
  'OBS-2061': {
    title: 'the key of redaction is missing or too short',
    cause: 'Rules hash values, and a hash without a secret key can be looked up by guessing.',
    next: 'Give a file with at least 16 random bytes, as `--redaction-key` or in the stack file.',
  },
  'OBS-2062': {
    title: 'redaction and strings as log records exclude each other',
    cause: 'A request that is redacted is logged anew, with one signal; lines would have two.',
    next: 'Leave out `--influx-strings logs`: strings are attributes then, and rules reach them.',
  },
  'OBS-2070': {
    title: 'the archive cannot be written',
    cause: 'The directory of `--archive` cannot be made or written, or it is the data directory.',
    next: 'Name a directory of its own that the gateway may write, or leave out `--archive`.',
  },
  'OBS-3001': {
    title: 'not a ClickHouse URL',
    cause: 'The address given for ClickHouse cannot be read as an http or https URL.',
    next: 'Write it as http://host:8123/database or https://host:8443/database.',
  },
  'OBS-3002': {
    title: 'ClickHouse does not answer',
    cause:
      'Nothing listens at the address, the network is in the way, or the answer took too long.',
    next: 'Check that the server runs and that the address is its HTTP port, then try again.',
  },
  'OBS-3003': {
    title: 'ClickHouse refused a statement',
    cause: 'The server answered with an error; the message carries its own words and code.',
    next: 'Correct what the message names; the number is in the list of ClickHouse error codes.',
  },
  'OBS-3004': {
    title: 'ClickHouse refused the user or the password',
    cause: 'The credentials are wrong, or the user may not do this.',
    next: 'Set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, or put both into the URL.',
  },
  'OBS-3005': {
    title: 'a table differs in a way that only a person may change',
    cause: 'A type, a key or an engine differs; changing it would rewrite or lose stored rows.',
    next: 'Run the printed statements by hand when it suits you; the old table stays.',
  },
  'OBS-3006': {
    title: 'the ClickHouse server is too old',
    cause: 'The tables need what the LTS release 25.8 brought.',
    next: 'Upgrade the server to 25.8 or newer.',
  },
  'OBS-3007': {
    title: 'the schema is newer than this obsctl',
    cause: 'A newer obsctl has migrated this database; this one would undo its changes.',
    next: 'Upgrade this obsctl to the version that migrated the database, or a newer one.',
  },
  'OBS-3008': {
    title: 'a file with credentials cannot be read',
    cause: 'CLICKHOUSE_USER_FILE or CLICKHOUSE_PASSWORD_FILE names a file that is not readable.',
    next: 'Check the path, and that the user who runs obsctl may read the file.',
  },
  'OBS-3101': {
    title: 'the embedded engine cannot be loaded',
    cause: 'The chdb package is missing, damaged, or has no build for this platform.',
    next: 'Run `npm ci` again, or use a ClickHouse server with `--clickhouse URL`.',
  },
  'OBS-3102': {
    title: 'the embedded engine cannot listen there',
    cause: 'Another process holds the address, or this user may not bind it.',
    next: 'Choose another address with `--listen HOST:PORT`; port 0 takes a free one.',
  },
  'OBS-3103': {
    title: 'the embedded engine ended before it answered',
    cause: 'Its process stopped while it started; its last words are in the message.',
    next: 'Correct what the last words name, then start again.',
  },
  'OBS-3104': {
    title: 'the data directory is in use',
    cause: "Another engine has this directory open; two would destroy each other's parts.",
    next: 'Stop the process named in the message, or choose another directory.',
  },
  'OBS-3105': {
    title: 'listening beyond loopback demands passwords',
    cause: 'Without passwords anyone who reaches this port could read and delete everything.',
    next: 'Give `--users FILE` with a `user:password` a line, or listen on 127.0.0.1.',
  },
  'OBS-3106': {
    title: 'the users file cannot be used',
    cause: 'The file is missing, open to other users, or has a line that is not `user:password`.',
    next: 'Correct the line named in the message; `chmod 600` the file.',
  },
  'OBS-3107': {
    title: 'the embedded engine does not run on this machine',
    cause: 'chDB is built for Linux with glibc and for macOS, on x64 and arm64 only.',
    next: 'Use a ClickHouse server: `--clickhouse URL`.',
  },
  'OBS-3108': {
    title: 'too little free disk for the embedded engine',
    cause: 'The engine needs room for new parts and merges beside what is stored.',
    next: 'Free some space, or choose a data directory on another disk.',
  },
  'OBS-4001': {
    title: 'a dashboard query cannot be expanded',
    cause: 'The query uses a macro, a variable or a variable format that obsctl does not know.',
    next: 'Use the macros and `${name:singlequote}` as docs/reference/dashboards.md lists them.',
  },
  'OBS-4002': {
    title: 'a dashboard variable cannot be used',
    cause: 'A variable has more values than one query may carry.',
    next: 'Choose fewer values, or All.',
  },
  'OBS-4003': {
    title: 'the page asked for something that is not there',
    cause: 'A request names a dashboard, panel, query or variable that this version does not have.',
    next: 'Reload the page; when it stays, the address is of another version.',
  },
  'OBS-4004': {
    title: 'the page cannot listen on its address',
    cause: 'The port is taken or the address does not belong to this machine.',
    next: 'Choose another address with `--listen`; port 0 takes a free one.',
  },
  ...pushCodes,
  'OBS-5001': {
    title: 'a part of the single-machine product did not start',
    cause:
      'The engine or the gateway ended before it was ready; its last words are in the message.',
    next: 'Read the last words and the log file beside the data directory.',
  },
  'OBS-5002': {
    title: 'a part of the single-machine product ended',
    cause: 'The engine or the gateway ended while it was in use.',
    next: 'Start again: what was answered is in the log and will be delivered.',
  },
  'OBS-5003': {
    title: 'the demo did not fill every panel in time',
    cause: 'A panel whose source is active had no data after three minutes.',
    next: 'Read the panel and the reason in the printed JSON.',
  },
  'OBS-5004': {
    title: 'generated telemetry was not taken',
    cause: 'The endpoint of `obsctl send` did not answer, or refused the request.',
    next: 'Check the endpoint and the protocol; a gateway says on /readyz what is wrong with it.',
  },
  ...alertCodes,
  ...jobCodes,
} as const satisfies Record<string, CodeText>;

export type Code = keyof typeof codes;
