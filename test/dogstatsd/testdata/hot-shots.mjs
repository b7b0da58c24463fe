/** One value of each type by hot-shots: MODULES, PREFIX, then the client's options as JSON. */
import { createRequire } from 'node:module';

const [modules = '', prefix = '', options = '{}'] = process.argv.slice(2);
const { StatsD } = createRequire(`${modules}/`)('hot-shots');
const client = new StatsD({
  ...JSON.parse(options),
  globalTags: { service: prefix, env: 'test' },
  errorHandler: (error) => {
    process.stderr.write(`${error}\n`);
    process.exitCode = 1;
  },
});
const sent = (call) =>
  new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));

for (let index = 0; index < 3; index += 1) {
  await sent((done) => client.increment(`${prefix}.count`, 2, { route: '/cart' }, done));
}
await sent((done) => client.decrement(`${prefix}.down`, 5, done));
await sent((done) => client.gauge(`${prefix}.gauge`, 7.25, done));
for (const value of [10, 20, 60]) {
  await sent((done) => client.timing(`${prefix}.timing`, value, done));
  await sent((done) => client.histogram(`${prefix}.histogram`, value, done));
  await sent((done) => client.distribution(`${prefix}.distribution`, value, done));
}
for (const member of ['ann', 'bob', 'ann']) {
  await sent((done) => client.set(`${prefix}.set`, member, done));
}
await sent((done) =>
  client.event('deployed', 'version 2 is out', { alert_type: 'warning' }, { route: '/cart' }, done),
);
await sent((done) => client.check(`${prefix}.check`, 1, { message: 'slow' }, done));
await new Promise((resolve) => client.close(resolve));
