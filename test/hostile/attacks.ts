/** All attacks, by id. */
import type { Attack } from './attack.ts';
import { bodyAttacks } from './body-attacks.ts';
import { grpcAttacks } from './grpc-attacks.ts';
import { httpAttacks } from './http-attacks.ts';

export const attacks: readonly Attack[] = [...httpAttacks, ...grpcAttacks, ...bodyAttacks];
