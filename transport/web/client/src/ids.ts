// ULIDs: 48 bits of milliseconds, then 79 random bits, in Crockford's base 32.
// https://github.com/ulid/spec

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new id. Of no two clients equal, of one client not always in order within a millisecond: see idSource. */
export function newId(now: number = Date.now()): string {
  return timeOf(now) + dice().map((digit) => alphabet[digit]).join("");
}

/** Makes ids that are in order, also within a millisecond and when the clock is set back. */
export function idSource(clock: () => number = Date.now): () => string {
  let last = 0;
  let digits: number[] = [];
  return () => {
    const now = clock();
    if (now > last) {
      last = now;
      digits = dice();
    } else {
      // The spec's monotonic form. The first digit has room: dice leaves it below 16.
      let i = digits.length - 1;
      while (digits[i] === 31) digits[i--] = 0;
      digits[i]++;
    }
    return timeOf(last) + digits.map((digit) => alphabet[digit]).join("");
  };
}

function dice(): number[] {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte, i) => byte % (i === 0 ? 16 : 32));
}

function timeOf(ms: number): string {
  let time = "";
  for (let i = 0, rest = ms; i < 10; i++) {
    time = alphabet[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}
