/*
 * The operator's brake in the middle of a plan: a leader L, which is the source of action 0; a second source, S, of action 1; and their
 * destination, D. At any moment the operator of one of the three says `mode observe`, or has D drained, and gets a reply.
 * Messages are lost, late, twice and out of order. Shown: after the reply no action begins at that host. At a source that is
 * the order to its hypervisor; at the destination the admission. At the leader it is the word to begin an action that had
 * not been begun.
 */
#include "trace.pml"

#define L 0
#define S 1
#define D 2
/* What each host was told: data/summary.ts (mode), snapshot/host.ts (draining). */
bit observes[3];
bit drains;               /* D only */
bit replied[3];           /* the operator of that host has the reply */

/* The leader's plan: plan-progress.ts. Action 1 comes after action 0, or beside it. */
#define WAITS 0
#define BEGUN 1
#define DONE 2
#define REFUSED 3
byte plan[2];
bit after;                /* whether action 1 waits for action 0 */
bit calledOff = 0;
bit over = 0;

/* The source of each action (L of 0, S of 1): outgoing.ts. */
#define NOTHING 0
#define ASKING 1
#define MOVING 2
#define CLOSED_DONE 3
#define CLOSED_REFUSED 4
byte src[2];
/* Its destination: incoming.ts. */
#define PROMISED 1
byte dst[2];

/* Words that were said. */
bit begin[2];
bit withdraw[2];
bit admit[2];
bit admitted[2];
bit notAdmitted[2];
bit cancelled[2];
bit endedDone[2];
bit endedRefused[2];

/* troubles.ts: hindranceOf. Asked by the gate (migration-gate.ts) and, when the admission arrives, by outgoing.ts (hindrance). */
#define hindered(h) (observes[h])
#ifdef NO_BRAKE_AT_ADMITTED
#define hinderedLate(h) false
#else
#define hinderedLate(h) (observes[h])
#endif
#ifdef NO_BRAKE_AT_DESTINATION
#define doorClosed false
#else
#define doorClosed (observes[D] || drains)
#endif

byte p;

active proctype all() {
  TRACE_BEGIN;
  if
  :: after = 0
  :: after = 1
  fi;
again:
  atomic {
    TRACE_LIVES
    if
    :: p = 0
    :: p = 1
    fi;
    if
    /* ---- the operator, once: detect/commands.ts, carryOut; peer-parts.ts, setMode. What it sets holds before the reply. */
    :: p == 0 && (!PLAIN || (!replied[L] && !replied[S] && !replied[D])) ->
       if
       :: observes[L] = 1; EV(observe_leader);
#ifndef NO_CALL_OFF
          calledOff = !over;
#endif
          replied[L] = 1
       :: observes[S] = 1; replied[S] = 1; EV(observe_source)
       :: observes[D] = 1; replied[D] = 1; EV(observe_destination)
       :: drains = 1; replied[D] = 1; EV(drain_destination)
       fi

    /* ---- the leader: carry-out.ts, tell-members.ts, plan-progress.ts */
    :: !over && !calledOff && plan[p] == WAITS && plan[1 - p] != REFUSED && (p == 0 || !after || plan[0] == DONE) ->
       assert(!replied[L]);
       plan[p] = BEGUN; begin[p] = 1
    /* sayWhatRuns: what had been begun is withdrawn */
    :: !over && calledOff && plan[p] == BEGUN && !withdraw[p] -> withdraw[p] = 1
    :: !over && plan[p] == BEGUN && endedDone[p] -> plan[p] = DONE
    :: !over && plan[p] == BEGUN && endedRefused[p] -> plan[p] = REFUSED
    :: !over && plan[0] != BEGUN && plan[1] != BEGUN &&
       (calledOff || plan[0] == REFUSED || plan[1] == REFUSED || (plan[0] == DONE && plan[1] == DONE)) -> over = 1

    /* ---- the source of an action: host-actions.ts, begin and withdraw; migration-gate.ts, beginMigration */
    :: begin[p] && src[p] == NOTHING && !hindered(p) -> src[p] = ASKING; admit[p] = 1; EVP(s_asks)
    :: begin[p] && src[p] == NOTHING && hindered(p) && !endedRefused[p] -> endedRefused[p] = 1
    :: withdraw[p] && src[p] == ASKING -> src[p] = CLOSED_REFUSED; cancelled[p] = 1; endedRefused[p] = 1
#ifdef WITHDRAW_NOT_REMEMBERED
    :: withdraw[p] && src[p] == NOTHING && !endedRefused[p] -> endedRefused[p] = 1
#else
    :: withdraw[p] && src[p] == NOTHING -> src[p] = CLOSED_REFUSED; endedRefused[p] = 1
#endif
    :: admitted[p] && src[p] == ASKING && !hinderedLate(p) ->
       assert(!replied[p]);
       /* Its leader has been told that it ended: it cannot begin now. */
       assert(!endedRefused[p]);
       src[p] = MOVING; EVP(s_performs)
    :: admitted[p] && src[p] == ASKING && hinderedLate(p) ->
       src[p] = CLOSED_REFUSED; cancelled[p] = 1; endedRefused[p] = 1
    :: notAdmitted[p] && src[p] == ASKING -> src[p] = CLOSED_REFUSED; endedRefused[p] = 1
    /* Nobody answers in time. */
    :: src[p] == ASKING && !admitted[p] && !notAdmitted[p] ->
       src[p] = CLOSED_REFUSED; cancelled[p] = 1; endedRefused[p] = 1
    :: src[p] == MOVING -> src[p] = CLOSED_DONE; dst[p] = (dst[p] == PROMISED -> CLOSED_DONE : dst[p]); endedDone[p] = 1
    :: src[p] == MOVING -> src[p] = CLOSED_REFUSED; cancelled[p] = 1; endedRefused[p] = 1

    /* ---- the destination: migration-gate.ts, admit; may-come.ts, doorClosed */
    :: admit[p] && dst[p] == NOTHING && !doorClosed && !cancelled[p] ->
       assert(!replied[D]);
       dst[p] = PROMISED; admitted[p] = 1; EVP(d_admits)
    :: admit[p] && dst[p] == NOTHING && !notAdmitted[p] -> notAdmitted[p] = 1; EVP(d_refuses)
    :: cancelled[p] && dst[p] == PROMISED -> dst[p] = CLOSED_REFUSED
    fi;
    p = 0;
    goto again
  }
}
