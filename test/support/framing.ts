/** On what tests of the gRPC receiver run; another test file may run them again on the other. */
import type { GrpcFraming } from '../../gateway/receive/call-stream.ts';

export const framing: { current: GrpcFraming } = { current: 'own' };
