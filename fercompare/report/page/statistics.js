/* McNemar's test as in fercompare/report/significance.py; a test compares the two. */

function erfc(z) {
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 200 && term > 1e-17 * sum; k += 1) {
      term *= (2 * z * z) / (2 * k + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = z;
  for (let k = 120; k > 0; k -= 1) fraction = z + k / 2 / fraction;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
}

function mcnemar(onlyA, onlyB) {
  const n = onlyA + onlyB;
  if (n === 0) return 1;
  if (n < facts.few) {
    let ways = 1;
    let tail = 0;
    for (let k = 0; k <= Math.min(onlyA, onlyB); k += 1) {
      tail += ways;
      ways *= (n - k) / (k + 1);
    }
    return Math.min(1, (2 * tail) / 2 ** n);
  }
  const distance = Math.max(Math.abs(onlyA - onlyB) - 1, 0);
  return erfc(Math.sqrt(distance ** 2 / n / 2));
}

function bitsSet(byte) {
  let n = 0;
  for (let rest = byte; rest; rest &= rest - 1) n += 1;
  return n;
}

function pairOfFits(a, b, counted) {
  let both = 0;
  let onlyA = 0;
  let onlyB = 0;
  for (let k = 0; k < a.length; k += 1) {
    both += bitsSet(counted[k] & a[k] & b[k]);
    onlyA += bitsSet(counted[k] & a[k] & ~b[k]);
    onlyB += bitsSet(counted[k] & b[k] & ~a[k]);
  }
  return { both, onlyA, onlyB };
}

/* Every fit of one with every fit of the other; of m p-values the k-th smallest,
   k half of m rounded up, times m / k. */
function mcnemarOfSeeds(a, b, metric) {
  const clean = unpacked(ground(a).clean);
  const counted = metric.endsWith("_leak_free") ? clean : clean.map(() => 255);
  const fitsA = a.right.map(unpacked);
  const fitsB = b.right.map(unpacked);
  const pairs = fitsA.flatMap((one) => fitsB.map((other) => pairOfFits(one, other, counted)));
  const found = pairs.map((pair) => mcnemar(pair.onlyA, pair.onlyB)).sort((x, y) => x - y);
  const half = Math.ceil(found.length / 2);
  const mean = (key) => pairs.reduce((sum, pair) => sum + pair[key], 0) / pairs.length;
  return {
    both: mean("both"),
    onlyA: mean("onlyA"),
    onlyB: mean("onlyB"),
    p: Math.min(1, (found[half - 1] * found.length) / half),
  };
}

/* What Python found for every two rows of a ground stands in a triangle. */
function differenceOf(a, b, metric) {
  const { n, reach, most, ...tests } = ground(a).pairs[metric];
  const [low, high] = a.place < b.place ? [a.place, b.place] : [b.place, a.place];
  const k = low * n - (low * (low + 1)) / 2 + (high - low - 1);
  const known = [a, b].every((row) => isNumber(row.values[metric]));
  const difference = known ? a.values[metric] - b.values[metric] : NaN;
  const [p, pHolm] = [tests.p, tests.p_holm].map((packed) => numbers(packed)[k]);
  return { difference, reach: numbers(reach)[k], most: most ?? Infinity, p, pHolm };
}
