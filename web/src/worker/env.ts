/** What a Worker of the machine needs from a browser or from Node. */

export interface WorkerEnv {
  /** ms, the same in every Worker of the machine, monotonic */
  clock(): number;
  /** ms since 1970 with a fraction */
  realtime(): number;
  /** fill with random bytes */
  random(into: Uint8Array<ArrayBuffer>): void;
}
