/** `node test/grafana/stand-in-main.ts [PORT]`: the stand-in by hand, until Ctrl-C. */
import { startStandIn, tokens } from './stand-in.ts';

const standIn = await startStandIn({ port: Number(process.argv[2] ?? 0) });
process.stdout.write(`${standIn.url}\n`);
process.stderr.write(`tokens: ${Object.values(tokens).join(', ')}; Ctrl-C stops it\n`);
