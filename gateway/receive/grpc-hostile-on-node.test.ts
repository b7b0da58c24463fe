/** The fallback on `node:http2` holds to the same rules. */
import { framing } from '../../test/support/framing.ts';

framing.current = 'node';
await import('./grpc-hostile.test.ts');
