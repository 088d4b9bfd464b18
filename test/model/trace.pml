/*
 * Named transitions. `EV(name)` marks one. In a plain run it does nothing. With -DTRACE the run is held to recorded traces
 * of the product (trace.h, written by replay.ts): each named transition must be the next one of the trace, and all others
 * are free. A trace is allowed when its end can be reached. `BUDGET` bounds the faults of a plain run; in a replay the
 * trace alone says which faults there are.
 */
#ifdef TRACE
c_decl {
\#include "trace.h"
};
int at = 1;
byte event_p;
#define EV(name) c_code { now.at = tr_step(now.at, ev_##name); }
/* The same, about the partition, VM or action `p`, a global variable. */
#define EVP(name) c_code { now.at = tr_step(now.at, ev_##name + now.p); }
/* The same, about that number. */
#define EVA(name, number) event_p = number; c_code { now.at = tr_step(now.at, ev_##name + now.event_p); now.event_p = 0; }
#define TRACE_BEGIN select_trace()
#define TRACE_LIVES c_expr { tr_live[now.at] };
#define BUDGET(left) true
#define SPEND(left) skip
#define PLAIN false
/* Every trace is tried: which one is chosen freely. */
inline select_trace() {
  do
  :: c_expr { tr_more[now.at] } -> c_code { now.at = tr_skip(now.at); }
  :: break
  od
}
#else
#define EV(name) skip
#define EVP(name) skip
#define EVA(name, number) skip
#define TRACE_BEGIN skip
#define TRACE_LIVES
#define BUDGET(left) (left > 0)
#define SPEND(left) left--
#define PLAIN true
#endif
