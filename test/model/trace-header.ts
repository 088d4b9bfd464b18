/** Traces as the C header that trace.pml includes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Trace } from './trace.ts'

/** Partitions, VMs or actions that a step may name, at most. */
const placesMax = 16

/** The transitions that a model names: `EV(x)`, or `EVP(x)` and `EVA(x, p)` where there are several partitions, VMs or actions. */
export const namesIn = (modelText: string): readonly string[] =>
  [...new Set([...modelText.matchAll(/\bEV[PA]?\((\w+)[,)]/g)].map(([, name = '']) => name))].sort()

export const modelText = (model: string): string =>
  readFileSync(join(import.meta.dirname, `${model}.pml`), 'utf8')

/** Throws RangeError when a trace names what the model does not have: then the two have drifted apart. */
export const headerOf = (names: readonly string[], traces: readonly Trace[]): string => {
  const number = new Map(names.map((name, i) => [name, i + 1]))
  const starts: number[] = []
  // At 0 there is no trace: what a refused one leads to.
  const all: number[] = [0]
  for (const { model, label, steps } of traces) {
    starts.push(all.length)
    for (const { name, p } of steps) {
      const known = number.get(name)
      if (known === undefined || p >= placesMax)
        throw new RangeError(`${label}: ${model} has no ${name} ${p}`)
      all.push(known * placesMax + p)
    }
    all.push(0)
  }
  return `
${names.map((name) => `#define ev_${name} ${number.get(name)! * placesMax}`).join('\n')}
#define TRACES ${traces.length}
static const unsigned short tr_all[] = { ${all.join(', ')} };
static const int tr_starts[TRACES] = { ${starts.join(', ')} };
static unsigned char tr_done[TRACES];
static int tr_far[TRACES];
static unsigned char tr_live[] = { ${all.map((_, at) => (at === 0 ? 0 : 1)).join(', ')} };
static unsigned char tr_more[] = { ${all.map((_, at) => (starts.slice(0, -1).includes(at) ? 1 : 0)).join(', ')} };
#include <stdio.h>
#include <stdlib.h>
static int tr_of(int at) {
  int low = 0, high = TRACES - 1;
  while (low < high) { int mid = (low + high + 1) / 2; if (tr_starts[mid] <= at) low = mid; else high = mid - 1; }
  return low;
}
static void tr_report(void) {
  for (int i = 0; i < TRACES; i++) printf("trace %d %s %d\\n", i, tr_done[i] ? "allowed" : "refused", tr_far[i]);
}
static int tr_step(int at, int event) {
  static int begun = 0;
  if (!begun) { begun = 1; atexit(tr_report); }
  if (at == 0 || tr_all[at] != event) return 0;
  int i = tr_of(at), next = at + 1;
  if (next - tr_starts[i] > tr_far[i]) tr_far[i] = next - tr_starts[i];
  if (tr_all[next] != 0) return next;
  tr_done[i] = 1;
  for (int j = tr_starts[i]; j <= next; j++) tr_live[j] = 0;
  return next;
}
static int tr_skip(int at) { return tr_starts[tr_of(at) + 1]; }
`
}
