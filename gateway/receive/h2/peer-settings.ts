/** What the peer has said in SETTINGS, as far as it concerns what we send. */
import { settingsPairsMax } from '../limits.ts';
import {
  type ErrorCode,
  errorCode,
  framePayloadBytesMax,
  setting,
  windowDefault,
  windowMax,
} from './frame.ts';

const pairBytes = 6;
const frameBytesLimit = 2 ** 24 - 1;

export class PeerSettings {
  /** Of a new stream, for what we send. */
  initialWindow: number = windowDefault;

  /** Takes the payload of one frame; a fault ends the connection. */
  take(bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if ((to - from) % pairBytes !== 0) return errorCode.frameSize;
    if (to - from > settingsPairsMax * pairBytes) return errorCode.enhanceYourCalm;
    for (let at = from; at < to; at += pairBytes) {
      const value = bytes.readUInt32BE(at + 2);
      switch (bytes.readUInt16BE(at)) {
        case setting.enablePush:
          if (value > 1) return errorCode.protocol;
          break;
        case setting.initialWindowSize:
          if (value > windowMax) return errorCode.flowControl;
          this.initialWindow = value;
          break;
        case setting.maxFrameSize:
          if (value < framePayloadBytesMax || value > frameBytesLimit) return errorCode.protocol;
          break;
        default:
          // Unknown ones are to be ignored, and the rest is about what we never do.
          break;
      }
    }
    return undefined;
  }
}
