// A machine whose clock is wrong by FAULTS_CLOCK_OFFSET_MS: every wall clock reading of the process is shifted. Timers and
// the monotonic clock are not, as on such a machine; libfaketime would shift those too, and needs installing.
const offsetMs = Number(process.env.FAULTS_CLOCK_OFFSET_MS);
const RealDate = Date;

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offsetMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offsetMs;
  }
};
