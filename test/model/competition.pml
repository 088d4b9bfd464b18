/*
 * Three hosts, each of which may lead: partitions compete for hosts. A leader asks itself and any of the others at once; a member
 * answers at once, by rank; a graver partition takes a host from one that does not execute yet. Messages between two hosts are
 * late, and a few are lost; one agent crashes. Shows S4 and S7, and L2: no deadlock (at rest every need has been met) and no
 * livelock (no cycle in which no partition carries out its action, checked by pan -l).
 *
 * Duplicates and old messages are lease.pml's matter: here a leader forms its next partition when nothing of its last one is on
 * its way. Back-off is idealised: a leader that failed tries again, in the end, when no other is trying.
 */
#include "trace.pml"

#define N 3
#define NONE 3
/* partition-state.ts: the phase of each leader's partition */
#define IDLE 0
#define ASKING 1
#define EXECUTING 2
byte lead[N];
bit need[N];
bit tried[N];             /* its last partition failed */
typedef Hosts { byte x[N] };
#define OUT 0
#define ASKED 1
#define IN 2
Hosts mem[N];             /* what the leader knows of each host */
/* On their way, from or to each leader: reserve, its answer, assign, admit, release, revoked. */
#define M_RESERVE 1
#define M_GRANTED 2
#define M_BUSY 3
Hosts talk[N];            /* reserve and its answer */
Hosts assign[N];
Hosts released[N];
Hosts revoked[N];
byte to[N];               /* the destination of the leader's action */
#define A_ASKING 1
#define A_RUNNING 2
byte act[N];

/* Members: lease.ts */
byte holder[N];
bit executing[N];
bit busy[N];              /* an action touches the host */

/* How many hosts have a need; whether each asks its next one only, so that a ring of requests is closed. */
#ifndef LEADERS
#define LEADERS 3
#endif
#ifndef RING
#define RING 0
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef RETURNS
#define RETURNS 0
#endif
byte losses = LOSSES;
byte crashes = CRASHES;
byte returns = RETURNS;   /* needs that come back */

/* rank.ts: total, and the same at every host. */
#ifdef TRACE
/* A trace tells who came before whom. */
#define above(p, q) true
#else
#define above(p, q) (p < q)
#endif
#ifdef WOUND_EXECUTING
#define mayWound(p, h) (above(p, holder[h]))
#else
#ifdef HOLD_AND_WAIT
#define mayWound(p, h) false
#else
#define mayWound(p, h) (!busy[h] && !executing[h] && above(p, holder[h]))
#endif
#endif

#define silent(p, h) (talk[p].x[h] == 0 && !assign[p].x[h] && !released[p].x[h] && !revoked[p].x[h])
#define other1(p) ((p + 1) % N)
#define other2(p) ((p + 2) % N)

inline free(one) { holder[one] = NONE; executing[one] = 0 }
/* conclude.ts: every member is told that it is free; the leader's own host is free within the step. */
inline conclude(who) {
  lead[who] = IDLE; to[who] = NONE;
  i = 0;
  do
  :: i < N ->
     if
     :: i != who && mem[who].x[i] != OUT -> released[who].x[i] = 1
     :: else
     fi;
     mem[who].x[i] = OUT; i++
  :: else -> break
  od;
  if
  :: holder[who] == who && !busy[who] -> free(who)
  :: else
  fi
}
/* hold-lease.ts, grant-lease.ts: the loser's leader is told; one on the same host hears it within the step. */
inline wound(who, where) {
  q = holder[where];
  holder[where] = who; executing[where] = 0;
  if
  :: q == where -> mem[q].x[where] = OUT
  :: else -> revoked[q].x[where] = 1
  fi
}
/* back-off.ts: pauses double, with jitter. So one that failed tries again, in the end, when no
   other is trying and what is left of earlier partitions is over. */
#ifdef NO_BACK_OFF
#define rested(p) true
#else
#ifdef TRACE
#define rested(p) true
#else
#define rested(p) (!tried[p] || (lead[other1(p)] == IDLE && lead[other2(p)] == IDLE && holder[0] == NONE && holder[1] == NONE && holder[2] == NONE))
#endif
#endif

/* What leader p and host h have to do with each other, and p with itself when h is the next host. */
proctype pair(byte p; byte h) {
  byte q, i;
again:
end:
  atomic {
    TRACE_LIVES
    if
    /* ---- form.ts, invite.ts; next-need.ts: isFree. Its own host answers within the step. */
    :: h == other1(p) && need[p] && lead[p] == IDLE && act[p] == 0 && !busy[p] && silent(p, 0) && silent(p, 1) && silent(p, 2) &&
       rested(p) && (holder[p] == NONE || mayWound(p, p)) ->
       lead[p] = ASKING;
       if
       :: holder[p] != NONE -> wound(p, p)
       :: else -> holder[p] = p; executing[p] = 0
       fi;
       mem[p].x[p] = IN; EVA(forms, p);
       if
       :: talk[p].x[other1(p)] = M_RESERVE; mem[p].x[other1(p)] = ASKED
       :: !RING -> talk[p].x[other2(p)] = M_RESERVE; mem[p].x[other2(p)] = ASKED
       :: !RING -> talk[p].x[other1(p)] = M_RESERVE; mem[p].x[other1(p)] = ASKED;
          talk[p].x[other2(p)] = M_RESERVE; mem[p].x[other2(p)] = ASKED
       fi

    /* ---- member h: judge-reserve.ts, grant-lease.ts */
    :: talk[p].x[h] == M_RESERVE ->
       if
       :: holder[h] == NONE && !busy[h] -> holder[h] = p; executing[h] = 0; talk[p].x[h] = M_GRANTED; EVA(grants, p * 4 + h)
       :: holder[h] == p -> talk[p].x[h] = M_GRANTED
       :: holder[h] != NONE && holder[h] != p && mayWound(p, h) -> wound(p, h); talk[p].x[h] = M_GRANTED; EVA(grants, p * 4 + h)
#ifndef HOLD_AND_WAIT
       :: (holder[h] == NONE && busy[h]) || (holder[h] != NONE && holder[h] != p && !mayWound(p, h)) ->
          talk[p].x[h] = M_BUSY; EVA(refuses, p * 4 + h)
#endif
       fi
    :: released[p].x[h] -> released[p].x[h] = 0;
       if
       :: holder[h] == p && !busy[h] -> free(h)
       :: else
       fi
    :: assign[p].x[h] -> assign[p].x[h] = 0;
       if
       :: holder[h] == p -> executing[h] = 1
       :: else
       fi
    /* Time ends a lease that nobody keeps alive: its leader has forgotten it, and nothing is on its way. */
    :: holder[h] == p && mem[p].x[h] == OUT && silent(p, h) && !busy[h] -> free(h)
    :: h == other1(p) && holder[p] == p && lead[p] == IDLE && !busy[p] -> free(p)

    /* ---- leader p: member-answers.ts */
    :: talk[p].x[h] == M_GRANTED -> talk[p].x[h] = 0;
       if
       :: lead[p] == ASKING && mem[p].x[h] == ASKED -> mem[p].x[h] = IN
       :: else -> released[p].x[h] = 1
       fi
    :: talk[p].x[h] == M_BUSY -> talk[p].x[h] = 0;
       if
       :: lead[p] == ASKING && mem[p].x[h] == ASKED -> mem[p].x[h] = OUT
       :: else
       fi
    :: revoked[p].x[h] -> revoked[p].x[h] = 0;
       if
       :: mem[p].x[h] == IN -> mem[p].x[h] = OUT
       :: else
       fi
    /* reserveMs: what was lost is not waited for */
    :: mem[p].x[h] == ASKED && talk[p].x[h] == 0 -> mem[p].x[h] = OUT; released[p].x[h] = 1
    /* advance: none is waited for any more */
    :: h == other1(p) && lead[p] == ASKING && mem[p].x[0] != ASKED && mem[p].x[1] != ASKED && mem[p].x[2] != ASKED ->
       if
       :: mem[p].x[p] != IN || (mem[p].x[other1(p)] != IN && mem[p].x[other2(p)] != IN) -> tried[p] = 1; conclude(p); EVA(fails, p)
       /* carry-out.ts, tell-members.ts. Its own host has the plan, and begins, within the step. */
       :: mem[p].x[p] == IN && mem[p].x[other1(p)] == IN -> q = other1(p)
       :: mem[p].x[p] == IN && mem[p].x[other2(p)] == IN -> q = other2(p)
       fi;
       if
       :: q != 0 || lead[p] == ASKING ->
          if
          :: lead[p] == ASKING ->
             lead[p] = EXECUTING; to[p] = q; assign[p].x[q] = 1; executing[p] = 1; act[p] = A_ASKING; EVA(executes, p);
             /* releaseUntouched */
             i = 3 - p - q;
             if
             :: mem[p].x[i] == IN -> mem[p].x[i] = OUT; released[p].x[i] = 1
             :: else
             fi
          :: else
          fi
       :: else
       fi
    /* The destination answers `admit`: admission.ts, mayArrive. */
    :: act[p] == A_ASKING && h == to[p] && holder[h] == p && (!busy[h]) ->
       executing[h] = 1; busy[h] = 1; busy[p] = 1; act[p] = A_RUNNING
    :: act[p] == A_ASKING && h == to[p] && (holder[h] != p || busy[h]) ->
       act[p] = 0; executing[p] = 0; tried[p] = 1; conclude(p); EVA(fails, p)
    :: act[p] == A_RUNNING && h == to[p] -> act[p] = 0; busy[h] = 0; busy[p] = 0;
       if
       :: lead[p] == EXECUTING -> need[p] = 0; tried[p] = 0; conclude(p); EVA(cures, p)
       /* Its leader died meanwhile: the VM has moved all the same, and the leases end by themselves. */
       :: else -> need[p] = 0; free(h);
          if
          :: holder[p] == p -> free(p)
          :: else
          fi
       fi;
       goto moved
    :: h == other1(p) && BUDGET(returns) && !need[p] && lead[p] == IDLE -> SPEND(returns); need[p] = 1
#ifdef TRACE
    /* What a trace may have besides: a host declines, a partition ends before its plan is done, or moves nothing. */
    :: talk[p].x[h] == M_RESERVE -> talk[p].x[h] = M_BUSY; EVA(declines, p * 4 + h)
    :: talk[p].x[h] == M_RESERVE -> talk[p].x[h] = M_BUSY; EVA(refuses, p * 4 + h)
    :: h == other1(p) && lead[p] != IDLE && act[p] != A_RUNNING -> act[p] = 0; executing[p] = 0; conclude(p); EVA(fails, p)
    :: act[p] == A_RUNNING && h == to[p] -> act[p] = 0; busy[h] = 0; busy[p] = 0; conclude(p); EVA(fails, p)
    :: act[p] == A_RUNNING && h != to[p] && mem[p].x[h] == IN && !busy[h] && holder[h] == p -> busy[to[p]] = 0; to[p] = h; busy[h] = 1
#endif

    /* ---- faults */
    :: BUDGET(losses) && talk[p].x[h] != 0 -> SPEND(losses);
       talk[p].x[h] = 0
    :: BUDGET(losses) && (released[p].x[h] || revoked[p].x[h] || assign[p].x[h]) -> SPEND(losses);
       released[p].x[h] = 0; revoked[p].x[h] = 0; assign[p].x[h] = 0
    /* An agent dies and comes back (lease.pml says how its lease is rebuilt while an action runs). Its partition is over. */
    :: h == other1(p) && BUDGET(crashes) -> SPEND(crashes); EVA(dies, p);
#ifndef INHERIT
       if
       :: act[p] == A_ASKING -> act[p] = 0
       :: else
       fi;
       lead[p] = IDLE; mem[p].x[0] = OUT; mem[p].x[1] = OUT; mem[p].x[2] = OUT;
       if
       :: act[p] != A_RUNNING -> to[p] = NONE
       :: else
       fi;
#endif
       if
       :: !busy[p] -> free(p)
       :: else
       fi
    fi;
    /* S4: an action runs only while both of its hosts are leased to its partition. */
    assert(act[0] != A_RUNNING || (holder[0] == 0 && holder[to[0]] == 0));
    assert(act[1] != A_RUNNING || (holder[1] == 1 && holder[to[1]] == 1));
    assert(act[2] != A_RUNNING || (holder[2] == 2 && holder[to[2]] == 2));
    q = 0; i = 0;
    goto again
  }
moved:
progress_moved:
  atomic { true -> q = 0; i = 0; goto again }
}

init {
  byte p;
  atomic {
    do
    :: p < N -> holder[p] = NONE; to[p] = NONE; need[p] = (p < LEADERS); p++
    :: else -> break
    od;
    TRACE_BEGIN;
    p = 0;
    run pair(0, 1); run pair(0, 2); run pair(1, 2); run pair(1, 0); run pair(2, 0); run pair(2, 1)
  };
  /* No deadlock, and no need is left unmet: when nothing more happens, every need has been met. */
  timeout -> assert(PLAIN == false || (need[0] == 0 && need[1] == 0 && need[2] == 0))
}
