/** SHA-256 as FIPS 180-4 describes it: `crypto.subtle` is there on secure pages only. For little: names, not files. */

type State = readonly [a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number];

const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter(isPrime);
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))) as unknown as State;
const CONSTANTS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));

/** The digest in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const message = padded(bytes);
  let state = INITIAL;
  for (let at = 0; at < message.byteLength; at += 64) state = compressed(state, new DataView(message.buffer, at, 64));
  return state.map((word) => word.toString(16).padStart(8, "0")).join("");
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return n > 1;
}

/** The first 32 bits behind the point. */
function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32);
}

/** To whole blocks: a bit, zeros, and the length in bits. */
function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  message.set(bytes);
  message[bytes.length] = 0x80;
  new DataView(message.buffer).setUint32(message.length - 4, bytes.length * 8);
  return message;
}

function compressed(state: State, block: DataView): State {
  const after = schedule(block).reduce(round, state);
  return after.map((word, i) => (word + (state[i] ?? 0)) >>> 0) as unknown as State;
}

function schedule(block: DataView): number[] {
  const words = Array.from({ length: 16 }, (_, i) => block.getUint32(4 * i));
  const back = (n: number) => words[words.length - n] ?? 0;
  const small = (word: number, one: number, other: number, shift: number) => turned(word, one) ^ turned(word, other) ^ (word >>> shift);
  while (words.length < 64) words.push((small(back(2), 17, 19, 10) + back(7) + small(back(15), 7, 18, 3) + back(16)) | 0);
  return words;
}

function round([a, b, c, d, e, f, g, h]: State, word: number, i: number): State {
  const large = (word: number, ...turns: [number, number, number]) => turns.reduce((mixed, by) => mixed ^ turned(word, by), 0);
  const first = h + large(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + (CONSTANTS[i] ?? 0) + word;
  const second = large(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c));
  return [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
}

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
