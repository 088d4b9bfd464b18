/*
 * One host, M, that two leaders contest: leases, epochs and the hold while an action touches the host, over a network that
 * loses, delays, duplicates and reorders. Leases run out, M's agent crashes and comes back, once without its journal.
 * Shows S4, S5 and S6.
 *
 * What was said once may arrive never, or any number of times: the network is the set of all that was ever said.
 */
#include "trace.pml"

/* Partitions: each id is used once (step-context.ts, nextPartition). Even ones belong to one leader, odd ones to the other. */
#define PARTITIONS 3
#define NONE 255
#ifndef EPOCHS
#define EPOCHS 4
#endif

/* The leaders: partition/leader.ts. */
#define UNFORMED 0
#define ASKED 1       /* invite.ts, ask */
#define GRANTED 2     /* member-answers.ts, onGranted */
#define EXECUTING 3   /* carry-out.ts */
#define OVER 4        /* conclude.ts */
byte lead[PARTITIONS];
byte got[PARTITIONS];     /* the epoch that the leader was granted */

bit planned[PARTITIONS];  /* it has assigned its plan */
/* What a leader has said follows from how far it is; `got` is the epoch that it names. */
#define reserve(p) (lead[p] >= ASKED)
#define release0(p) (lead[p] == OVER && got[p] == 0)
#define release(p) (lead[p] == OVER && got[p] != 0)
#define renew(p) (got[p] != 0)
#define assign(p) (planned[p])
#define begin(p) (planned[p])
/* Said by M: which epochs a partition was granted. */
byte granted[PARTITIONS]; /* a set of epochs, one bit each */

/* The member: lease-state.ts. */
bit up = 1;
bit jobsKnown = 1;        /* troubles.ts: the hypervisor was asked for running jobs */
bit able = 1;             /* no quarantine: troubles.ts, journal.lost */
byte holder = NONE;       /* the lease: its partition, its epoch … */
byte epoch = 0;
bit due = 0;              /* … whether its time has passed, … */
bit executing = 0;
bit assigned = 0;
byte epochs = 0;          /* the highest epoch that was given, in memory … */
byte durable = 0;         /* … and in the journal */

/* The one action that the plan has for this host. */
#define A_ASKING 1        /* outgoing.ts: the destination is asked */
#define A_RUNNING 2       /* opened in the journal; the hypervisor works, or will */
byte action = 0;
byte actionOf = NONE;     /* its partition … */
byte actionEpoch;         /* … and its epoch */
byte openOf = NONE;       /* in the journal */
byte openEpoch;
byte ended[PARTITIONS];   /* closed-actions.ts: it is not begun again */
byte endedDurable[PARTITIONS];
/* The hypervisor's job. */
bit job = 0;
byte jobOf = NONE;
byte jobEpoch;
/* A request of jobOf that a busy daemon has not read. It is read within 30 s, or never; after 34 s all agents know that. */
bit unread = 0;
inline request() {
  if
  :: job = 1
  :: unread = 1
  fi
}
/* Where the source asks, and another host works: a job of an administrator's is the same for the lease. */

#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
byte crashes = CRASHES;
byte losses = LOSSES;
bit intact = 1;
byte everGiven = 0;       /* observer: the highest epoch that ever left the host */

/* host-actions.ts: busy. A job that no action accounts for holds the host, too, once it is known. */
#ifdef NO_HOLD_WHILE_BUSY
#define busy 0
#else
#define busy (action != 0 || (job && jobsKnown))
#endif
#ifdef NO_JOBS_ASKED
#define trouble (!able)
#else
#define trouble (!able || !jobsKnown)
#endif
#ifdef NO_ID_CHECK
#define current(p) (holder != NONE)
#else
#define current(p) (holder == p && epoch == got[p])
#endif

/* rank.ts: total and fixed; here a lower id goes first. */
#ifdef TRACE
/* A trace tells who came before whom, and of plans with several actions. */
#define above(p, q) true
#define fresh(p) true
#else
#define above(p, q) (p < q)
#define fresh(p) (!ended[p])
#endif

inline noLease() { holder = NONE; epoch = 0; due = 0; executing = 0; assigned = 0 }
/* lease-state.ts: endLease */
inline endLease() {
  if
  :: busy -> due = 1
  :: else -> noLease()
  fi
}
/* grant-lease.ts: grant. The epoch is durable before the answer leaves (S6). */
inline grant(p) {
  assert(!job && !unread);                        /* S5: none while an action touches the host, or will */
  epochs++;
#ifndef EPOCH_NOT_DURABLE
  durable = epochs;
#endif
  assert(epochs > everGiven);                     /* S6 */
  everGiven = epochs;
  holder = p; epoch = epochs; due = 0; executing = 0; assigned = 0;
  granted[p] = granted[p] | (1 << epochs)
}

#define jobMatches (!job || (holder == jobOf && epoch == jobEpoch) || (holder == NONE && !up) || (holder == NONE && recovering))
/* After a crash the lease is gone, and no other may be given until the job is over. */
bit recovering = 0;

byte p;

active proctype all() {
  TRACE_BEGIN;
again:
  atomic {
    TRACE_LIVES
    assert(jobMatches);                           /* S4, S5 */
    p = 0;
    do
    :: p < PARTITIONS - 1 -> p++
    :: break
    od;
    if
    /* ---- leaders */
    :: lead[p] == UNFORMED && (p < 2 || lead[p - 2] == OVER) -> lead[p] = ASKED
    :: lead[p] == ASKED && granted[p] != 0 ->
       /* Any grant that it hears first: onGranted takes one, and ignores what comes again. */
       if
       :: (granted[p] & 2) -> got[p] = 1
       :: (granted[p] & 4) -> got[p] = 2
       :: (granted[p] & 8) -> got[p] = 3
       :: (granted[p] & 16) -> got[p] = 4
       fi;
       lead[p] = GRANTED
    :: lead[p] == ASKED -> lead[p] = OVER
    :: lead[p] == GRANTED -> lead[p] = EXECUTING; planned[p] = 1
    :: lead[p] == GRANTED || lead[p] == EXECUTING -> lead[p] = OVER

    /* ---- the member: grant-lease.ts, judge-reserve.ts */
    :: up && !trouble && reserve(p) && holder == NONE && !busy && epochs < EPOCHS -> grant(p); EVP(m_grants)
    :: up && !trouble && reserve(p) && holder != NONE && holder != p && !busy && due && epochs < EPOCHS -> grant(p); EVP(m_grants)
    :: up && !trouble && reserve(p) && holder != NONE && holder != p && !busy && !due && !executing && above(p, holder) && epochs < EPOCHS ->
       grant(p); EVP(m_grants)
    /* hold-lease.ts */
    :: up && renew(p) && current(p) && due -> due = 0
    :: up && release(p) && current(p) -> endLease()
    :: up && release0(p) && holder == p -> endLease()
    :: up && assign(p) && current(p) && !assigned -> assigned = 1; executing = 1
    :: up && holder != NONE && !due && p == 0 -> due = 1
    :: up && holder != NONE && due && !busy && p == 0 -> noLease()

    /* ---- an action: host-actions.ts, begin; outgoing.ts */
    :: up && begin(p) && current(p) && assigned && action == 0 && fresh(p) ->
       /* S6: only for the partition and the epoch in force */
       assert(holder == p && epoch == got[p]);
       action = A_ASKING; actionOf = p; actionEpoch = epoch; EVP(m_begins)
    /* As a destination: migration-gate.ts, admit. The promise is in the journal before it is said. */
    :: up && begin(p) && current(p) && action == 0 && fresh(p) ->
       assert(holder == p && epoch == got[p]);
       executing = 1; action = A_RUNNING; actionOf = p; actionEpoch = epoch; openOf = p; openEpoch = epoch;
       jobOf = p; jobEpoch = epoch; request(); EVP(m_admits)
    :: up && action == A_ASKING && actionOf == p ->
       action = A_RUNNING; openOf = actionOf; openEpoch = actionEpoch;
       jobOf = actionOf; jobEpoch = actionEpoch; request(); EVP(m_performs)
    :: up && action == A_ASKING && actionOf == p -> ended[p] = 1; action = 0; actionOf = NONE; EVP(m_ends)
    :: unread && jobOf == p -> unread = 0; job = 1
    :: (unread || job) && jobOf == p -> unread = 0; job = 0; jobOf = NONE; recovering = 0
    /* It is seen to be over (migration.pml says how): closed in the journal. */
    :: up && jobsKnown && action == A_RUNNING && actionOf == p && !job && !unread ->
       ended[p] = 1; endedDurable[p] = 1; action = 0; actionOf = NONE; openOf = NONE; EVP(m_ends)

    /* ---- crash and restart: peer.ts, start; troubles.ts */
    :: up && p == 0 && BUDGET(crashes) -> SPEND(crashes); EV(m_dies);
       up = 0; noLease(); action = 0; actionOf = NONE; jobsKnown = 0; recovering = (job || unread)
    :: !up && p == 0 && BUDGET(losses) -> SPEND(losses); EV(m_loses_journal);
       intact = 0; durable = 0; openOf = NONE; endedDurable[0] = 0; endedDurable[1] = 0; endedDurable[2] = 0
    :: !up && p == 0 -> EV(m_starts);
       up = 1; able = intact;
       /* peer-parts.ts: epochs begin at the incarnation, which is greater than any epoch of before */
#ifdef CLOCK_GOES_BACK
       epochs = durable;
#else
       epochs = (intact -> durable : everGiven);
#endif
       ended[0] = endedDurable[0]; ended[1] = endedDurable[1]; ended[2] = endedDurable[2];
       if
       :: openOf != NONE -> action = A_RUNNING; actionOf = openOf; actionEpoch = openEpoch
       :: else
       fi
    :: up && !jobsKnown && p == 0 -> jobsKnown = 1; EV(m_knows_jobs)
    /* own-life.ts: the quarantine of a host that has lived before is as long as a request may be unread, and longer than a lease. */
#ifdef QUARANTINE_OF_A_LEASE
    :: up && !able && p == 0 -> able = 1; intact = 1
#else
    :: up && !able && !unread && p == 0 -> able = 1; intact = 1
#endif
    fi;
    p = 0;
    goto again
  }
}
