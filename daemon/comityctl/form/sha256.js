"use strict";
// SHA-256 (FIPS 180-4), piece by piece: the browser's own takes a file only as a whole, in memory.

function sha256Constants() {
	const primes = [];
	for (let n = 2; primes.length < 64; n++)
		if (primes.every(p => n % p !== 0))
			primes.push(n);
	// The first 32 bits of the fractional parts of their roots.
	const bits = x => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
	return { start: primes.slice(0, 8).map(p => bits(p ** (1 / 2))), round: primes.map(p => bits(Math.cbrt(p))) };
}

class Sha256 {
	constructor() {
		const { start, round } = sha256Constants();
		this.state = Int32Array.from(start);
		this.round = Int32Array.from(round);
		this.words = new Int32Array(64);
		this.rest = new Uint8Array(64);
		this.waiting = 0; // bytes in `rest`
		this.length = 0;  // bytes in all
	}

	block(bytes, at) {
		const w = this.words, k = this.round;
		let [a, b, c, d, e, f, g, h] = this.state;
		for (let i = 0; i < 16; i++, at += 4)
			w[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
		for (let i = 16; i < 64; i++) {
			const x = w[i - 15], y = w[i - 2];
			w[i] = w[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + w[i - 7] +
				((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
		}
		for (let i = 0; i < 64; i++) {
			const one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + k[i] + w[i] | 0;
			const two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
			h = g, g = f, f = e, e = d + one | 0, d = c, c = b, b = a, a = one + two | 0;
		}
		[a, b, c, d, e, f, g, h].forEach((value, i) => { this.state[i] = this.state[i] + value | 0; });
	}

	update(bytes) {
		let at = 0;
		this.length += bytes.length;
		if (this.waiting) {
			at = Math.min(64 - this.waiting, bytes.length);
			this.rest.set(bytes.subarray(0, at), this.waiting);
			this.waiting += at;
			if (this.waiting < 64)
				return;
			this.block(this.rest, 0);
			this.waiting = 0;
		}
		for (; at + 64 <= bytes.length; at += 64)
			this.block(bytes, at);
		this.rest.set(bytes.subarray(at));
		this.waiting = bytes.length - at;
	}

	// The 32 bytes; nothing may be added afterwards.
	end() {
		const bits = this.length * 8;
		const tail = new Uint8Array((this.waiting < 56 ? 64 : 128) - this.waiting);
		const view = new DataView(tail.buffer);
		tail[0] = 0x80;
		view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
		view.setUint32(tail.length - 4, bits >>> 0);
		this.update(tail);
		const out = new DataView(new ArrayBuffer(32));
		this.state.forEach((word, i) => out.setInt32(4 * i, word));
		return new Uint8Array(out.buffer);
	}
}
