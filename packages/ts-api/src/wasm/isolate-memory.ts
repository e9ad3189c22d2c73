/**
 * Bytes of linear memory in an isolate of 128 MB, which is what Workers have (developers.cloudflare.com/workers/platform/limits):
 * the rest is for the program and the requests it answers.
 */
export const isolateMemory = 112 * 2 ** 20;
