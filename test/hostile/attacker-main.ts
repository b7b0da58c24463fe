/**
 * An attacker in a process of its own: `attacker-main.ts ID HTTP_PORT GRPC_PORT SECONDS`. Prints
 * what came of its attempts as JSON.
 */
import { carryOut } from './attack.ts';
import { attacks } from './attacks.ts';

const [id, httpPort, grpcPort, seconds] = process.argv.slice(2);
const attack = attacks.find((one) => one.id === id);
if (attack === undefined) throw new Error(`no attack is called ${id}`);
const target = { httpPort: Number(httpPort), grpcPort: Number(grpcPort) };
const report = await carryOut(attack, target, Number(seconds));
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
