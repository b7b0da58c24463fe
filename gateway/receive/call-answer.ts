/** Headers and trailers of gRPC answers that are the same for every call. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { grpcEncodings } from './encodings.ts';

export const messageHeaders: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': grpcEncodings,
};
export const trailersOk: OutgoingHttpHeaders = { 'grpc-status': '0' };
