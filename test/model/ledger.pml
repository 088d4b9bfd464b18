/*
 * The commitments ledger of one destination host, D, with room for two VMs: two want to come, and one of
 * its own may leave. A VM comes by admit, admitted, a request that may be read late, and an arrival; or its promise
 * expires, or is cancelled. D's agent crashes and comes back. Shows S9: what is here and what comes in always fits.
 *
 * Time is not counted: the spans that matter are guards. An admission is used within 4 s (`admitValidMs`), a request is read within
 * another 30 s, and an unused promise is forgotten after 34 s (`lateStartMs`, data/config.ts).
 */
#include "trace.pml"

#define VMS 3
#define C 2               /* the VM that lives here at the beginning */
#ifdef TRACE
#endif
byte size[VMS];
#ifdef TRACE
/* Sizes are not traced. */
#define CAPACITY 255
#else
#define CAPACITY 4
#endif

/* Each VM in the world, as D's hypervisor has it. */
#define AWAY 0
#define UNREAD 1          /* its source's hypervisor has not read the request yet */
#define COMING 2          /* D's hypervisor has reserved room for it */
#define WAITING 3         /* arrived, paused until the hand-over (R2) */
#define HERE 4
#define LEAVING 5         /* its migration away from D runs: it still uses D's room */
byte at_d[VMS];

/* The source's agent of each VM that wants to come: outgoing.ts. */
#define S_IDLE 0
#define S_ASKING 1
#define S_MOVING 2
#define S_OVER 3
byte source[VMS];
bit used4[VMS];           /* the 4 s of the admission are over */

/* D's agent: what it counts. */
bit up = 1;
bit known = 1;            /* every VM here was measured: belief.ts, troubles.ts (demand.unknown) */
bit counted[VMS];         /* in host.vms */
bit promise[VMS];         /* in the ledger: incoming-table.ts */
bit expired[VMS];         /* 34 s have passed since the promise */
bit durable[VMS];         /* the promise is in the journal */
bit credit;               /* C is taken off before it is gone (a mutation) */
/* Messages that were said. */
bit admit[VMS];
bit admitted[VMS];
bit cancelled[VMS];

#ifndef CRASHES
#define CRASHES 2
#endif
byte crashes = CRASHES;

#define in_use(v) (at_d[v] >= COMING -> size[v] : 0)
/* The truth: memory that D's hypervisor has given, or is giving, to VMs. */
#define truth (in_use(0) + in_use(1) + in_use(2))
#define counts(v) ((counted[v] || promise[v]) -> size[v] : 0)
/* ledger.ts: roomOf */
#define ledger (counts(0) + counts(1) + counts(2))

inline forget(v) { promise[v] = 0; durable[v] = 0; expired[v] = 0 }
inline onlyIncoming() {
  if
  :: p = 0
  :: p = 1
  fi
}

byte p;

active proctype all() {
  size[0] = 2; size[1] = 2; size[2] = 2;
  at_d[C] = HERE; counted[C] = 1;
  TRACE_BEGIN;
again:
  atomic {
    TRACE_LIVES
    assert(truth <= CAPACITY);   /* S9 */
    onlyIncoming();
    if
    /* ---- a source asks, and uses what it got: outgoing.ts, begin, admitted */
    :: source[p] == S_IDLE -> source[p] = S_ASKING; admit[p] = 1; EVP(asks)
    :: source[p] == S_ASKING && !used4[p] -> used4[p] = 1
#ifdef LATE_USE
    :: source[p] == S_ASKING && admitted[p] ->
#else
    :: source[p] == S_ASKING && admitted[p] && !used4[p] ->
#endif
       source[p] = S_MOVING; at_d[p] = UNREAD; EVP(begins)
    :: source[p] == S_ASKING -> source[p] = S_OVER; cancelled[p] = 1; EVP(withdraws)
    /* ---- the hypervisors */
    :: at_d[p] == UNREAD -> at_d[p] = COMING; EVP(starts)
    :: at_d[p] == UNREAD || at_d[p] == COMING -> at_d[p] = AWAY; EVP(fails)
    :: at_d[p] == COMING -> at_d[p] = WAITING; EVP(arrives)
    /* ---- the source hears how it ended: it refuses when the VM stayed (cancelled is said), else hands over */
    :: source[p] == S_MOVING && at_d[p] == AWAY -> source[p] = S_OVER; cancelled[p] = 1; EVP(withdraws)

    /* ---- D's agent: migration-gate.ts, admit; admission.ts, mayArrive */
#ifdef UNKNOWN_IS_ZERO
    :: up && admit[p] && !promise[p] && !counted[p] && ledger + size[p] <= CAPACITY ->
#else
    :: up && admit[p] && !promise[p] && !counted[p] && known && ledger + size[p] <= CAPACITY ->
#endif
       promise[p] = 1; expired[p] = 0; EVP(admits);
#ifndef PROMISE_NOT_DURABLE
       durable[p] = 1;
#endif
       admitted[p] = 1
    /* incoming-end.ts: takeOver and resumed; host.ts: arrive. It is counted before its promise is closed. */
    :: up && promise[p] && at_d[p] == WAITING ->
       at_d[p] = HERE; forget(p); EVP(takes_over);
#ifndef ARRIVAL_NOT_COUNTED
       counted[p] = 1
#endif
    /* incoming.ts: cancelled, from the source only */
    :: up && promise[p] && cancelled[p] -> forget(p); EVP(forgets)
    /* incoming-end.ts: isExpired. By then the admission cannot be used, and no request on it is unread. */
#ifdef FORGET_AT_ONCE
    :: up && promise[p] && at_d[p] == AWAY -> forget(p); EVP(forgets)
    :: up && promise[p] && at_d[p] == UNREAD -> forget(p); EVP(forgets)
#else
    :: up && promise[p] && !expired[p] && (source[p] != S_ASKING || used4[p]) && at_d[p] != UNREAD -> expired[p] = 1
    :: up && promise[p] && expired[p] && at_d[p] == AWAY -> forget(p); EVP(forgets)
#endif
    /* A sample: observe.ts. It shows what is here; VMs that are promised stay the ledger's. */
    :: up && p == 0 ->
       counted[0] = (at_d[0] == HERE || (at_d[0] == WAITING && !promise[0]));
       counted[1] = (at_d[1] == HERE || (at_d[1] == WAITING && !promise[1]));
       counted[C] = (credit -> 0 : at_d[C] >= HERE);
       known = 1

    /* ---- C leaves, and is credited when it is gone: outgoing.ts; host.ts, depart */
    :: up && p == 0 && at_d[C] == HERE -> at_d[C] = LEAVING; EV(leaves);
#ifdef CREDIT_EARLY
       credit = 1; counted[C] = 0
#endif
    :: p == 0 && at_d[C] == LEAVING -> at_d[C] = HERE; credit = 0; EV(stays)
    :: p == 0 && at_d[C] == LEAVING -> at_d[C] = AWAY; EV(gone)
    :: up && p == 0 && at_d[C] == AWAY -> counted[C] = 0

    /* ---- crash and restart: what runs here is not known until it was measured; promises come from the journal */
    :: up && p == 0 && BUDGET(crashes) -> SPEND(crashes); up = 0; EV(dies);
       counted[0] = 0; counted[1] = 0; counted[C] = 0; promise[0] = 0; promise[1] = 0; expired[0] = 0; expired[1] = 0; known = 0
    :: !up && p == 0 -> up = 1; EV(comes_back); promise[0] = durable[0]; promise[1] = durable[1]
    fi;
    p = 0;
    goto again
  }
}
