/*
 * One migration of one VM between two hosts, S and D: what the two hypervisors do (begin, prepare, perform, finish, confirm),
 * and what the two agents decide, with requests that are read late, agents that crash, hypervisor daemons that die, a
 * journal that is lost and a destination host that loses power. Shows S1, S2, S8, S12 and the rules R1 and R2.
 *
 * Time is not counted. What may come at any time does. Only two spans matter, and they stand as guards: a request is read
 * within 30 s or never (`lateStartMs` of data/config.ts), so whoever has waited 34 s knows that none is unread.
 */
#include "trace.pml"

#define NUL 0
#define ABSENT 1
#define INCOMING 2
#define OUTGOING 3
#define PAUSED 4
#define RUNNING 5

/* The request to migrate, at S's hypervisor. */
#define NO 0
#define UNREAD 1
#define BEGUN 2      /* Begin has run, the destination knows nothing yet. */
#define COPYING 3    /* Prepare has run: D receives. */
#define PERFORMED 4  /* all is sent, the source's copy is stopped */
#define FINISHED 5   /* D has its copy; S is not told yet */
byte req = NO;
#define moving_now (req >= BEGUN)

byte copyS = RUNNING;
byte copyD = ABSENT;
bit lvS = 1;
bit lvD = 1;
/* A request to resume that was sent, and is read at some time. */
bit resumeS = 0;
bit resumeD = 0;
/* The VM went down with the host that had it. */
bit wentDown = 0;

/* What the driver of S tells its agent at the end (agent/src/hypervisor/libvirt/live-migration.ts). */
#define R_DONE 1
#define R_REFUSED 2
#define R_UNKNOWN 3
byte rep = 0;

/* The agent at S: migration/outgoing-table.ts. */
#define NOTHING 0
#define ASKING 1
#define MOVING 2
#define SETTLING 3
#define HANDING 4
#define CLOSED_DONE 5
#define CLOSED_REFUSED 6
bit upS = 1;
byte phaseS = ASKING;
byte journalS = NOTHING; /* NOTHING, MOVING (opened), CLOSED_DONE, CLOSED_REFUSED */
#define HAND_OVER 1
#define CANCELLED 2
byte duty = 0;          /* migration/duties.ts */
bit denied = 0;         /* D's hypervisor has said that no copy waits there for the word that was owed */
bit valid = 1;          /* the admission may still be used: for 4 s, so not when 34 s have passed */
byte hS, tS, hS1, tS1, stS;  /* this round's answers, those of the round before, and how long they were alike */
bit steady = 0;         /* S's hypervisor has said "running" for 34 s */
bit takenOver = 0;

/* The agent at D: migration/incoming-table.ts. */
#define PROMISED 1
bit upD = 1;
byte phaseD = PROMISED;
byte journalD = PROMISED;
bit letGo = 0;
bit taking = 0;
bit adopted = 0;
bit expired = 0;        /* 34 s have passed since the promise */
byte hD, tD, hD1, tD1, stD;

/* Messages that were said: each may arrive never, late, and more than once, until the network is healed. */
bit mHandOver, mHandOverNow, mCancelled, mTookOver, mForgotten;
/* D has said "incoming" to a source that asked because it knows of no action (migration/adoption.ts). */
bit mIncoming;

/* Faults of a plain run. */
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
byte crashes = CRASHES;
byte losses = LOSSES;
#ifndef DAEMONS
#define DAEMONS 1
#endif
#ifndef POWERS
#define POWERS 0
#endif
byte daemons = DAEMONS;
byte powers = POWERS;
bit lostS, lostD;
bit healed = 0;
byte repeats = 3;

#define seeS ((moving_now && copyS != ABSENT) -> OUTGOING : copyS)
#define seeD copyD
#define closedS (phaseS >= CLOSED_DONE)
#ifdef NOT_PAUSED_HANDOVER
#define arrives RUNNING
#else
#define arrives PAUSED   /* R2: VIR_MIGRATE_PAUSED, `paused` of the operation (migration/outgoing.ts) */
#endif

inline freshS() { hS = NUL; tS = NUL; hS1 = NUL; tS1 = NUL; stS = 0; steady = 0; takenOver = 0 }
inline freshD() { hD = NUL; tD = NUL; hD1 = NUL; tD1 = NUL; stD = 0; letGo = 0; taking = 0; adopted = 0; expired = 0 }

/* outgoing-table.ts: end, refuse. `word`: the duty that is kept. */
inline endS(how, word) {
  /* S8: nothing of it can still begin when its VM may be moved again. */
  assert(req == NO);
  phaseS = how; journalS = how; duty = word; freshS()
}
inline refuseS(word) {
  mCancelled = 1; endS(CLOSED_REFUSED, word); EV(s_refused)
}
/* outgoing-end.ts: handOver */
inline handOverS() { phaseS = HANDING; mHandOver = 1; freshS(); EV(s_hands_over) }

inline nextRoundS() {
  if
  :: hS == hS1 && tS == tS1 -> stS = (stS < 3 -> stS + 1 : 3)
  :: else -> stS = 0
  fi;
  hS1 = hS; tS1 = tS;
#ifndef OLD_ANSWERS_COUNT
  hS = NUL; tS = NUL;
#endif
  /* How long answers were alike is remembered only where a verdict asks for it. */
  if
  :: healed || (hS1 == ABSENT && tS1 == ABSENT)
  :: !healed && hS1 == PAUSED && tS1 == PAUSED -> stS = (stS > 2 -> 2 : stS)
  :: !healed && ((hS1 == PAUSED && (tS1 == ABSENT || tS1 == NUL)) || (hS1 == ABSENT && tS1 == NUL)) -> stS = (stS > 1 -> 1 : stS)
  :: else -> stS = 0; tS1 = NUL; hS1 = (hS1 == RUNNING -> RUNNING : NUL)
  fi
}
#define stableS ((hS == hS1 && tS == tS1) -> (stS < 3 -> stS + 1 : 3) : 0)

/* resolve-unknown.ts: sourceVerdict, and outgoing-end.ts: settle. */
inline settleS() {
  if
  :: hS == NUL || hS == OUTGOING || hS == INCOMING -> steady = 0; nextRoundS()
  :: hS == RUNNING ->
#ifdef BELIEVE_FIRST_RUNNING
     if
     :: tS != RUNNING -> refuseS((tS == NUL -> CANCELLED : 0))
#else
     if
     :: tS != RUNNING && steady -> refuseS((tS == NUL -> CANCELLED : 0))
#endif
     :: else -> nextRoundS()
     fi
  :: hS == PAUSED -> steady = 0;
     if
     :: tS == ABSENT && stableS >= 1 -> resumeS = 1; nextRoundS(); EV(s_resumes)
#ifdef RESUME_WITHOUT_ASKING
     :: tS == NUL && stableS >= 1 -> resumeS = 1; nextRoundS(); EV(s_resumes)
#endif
     :: tS == RUNNING -> endS(CLOSED_DONE, 0); EV(s_arrived)
#ifdef GIVE_UP_AT_ONCE
     :: tS == PAUSED ->
#else
     :: tS == PAUSED && stableS >= 2 ->
#endif
        endS(CLOSED_DONE, HAND_OVER); mHandOver = 1; EV(s_gives_up);
        /* From here on the VM is D's. If D lost power while its answer was on its way, the VM went down with it. */
        wentDown = (copyD == ABSENT -> 1 : wentDown)
     :: else -> nextRoundS()
     fi
  :: hS == ABSENT -> steady = 0;
     if
     :: tS == RUNNING || tS == OUTGOING -> endS(CLOSED_DONE, 0); EV(s_arrived)
     :: tS == PAUSED || (tS == NUL && stableS >= 1) -> handOverS()
     :: tS == ABSENT && stableS >= 3 -> refuseS(0)
     :: else -> nextRoundS()
     fi
  fi
}

inline closeD(how) { phaseD = how; journalD = how; freshD() }
/* incoming-end.ts: hasArrived, takeOver. What runs already is left as it is. */
inline arrivedD() { closeD(CLOSED_DONE); mTookOver = 1; EV(d_took_over) }
inline takeOverD() { taking = 1; hD = NUL; tD = NUL; resumeD = 1; EV(d_resumes) }

inline nextRoundD() {
  if
  :: hD == hD1 && tD == tD1 -> stD = (stD < 3 -> stD + 1 : 3)
  :: else -> stD = 0
  fi;
  hD1 = hD; tD1 = tD; hD = NUL; tD = NUL; taking = 0;
  if
  :: healed
  :: !healed && ((hD1 == PAUSED && (tD1 == RUNNING || tD1 == NUL)) || (hD1 == ABSENT && tD1 == NUL)) -> stD = (stD > 1 -> 1 : stD)
  :: else -> stD = 0; hD1 = NUL; tD1 = NUL
  fi
}
#define stableD ((hD == hD1 && tD == tD1) -> (stD < 3 -> stD + 1 : 3) : 0)
#define sourceD (letGo -> ABSENT : tD)

/* resolve-unknown.ts: destinationVerdict, and incoming-end.ts: judge. */
inline judgeD() {
  if
  :: adopted && !letGo ->
     if
     /* incoming-end.ts, hasRunHere: it needs no word any more. */
     :: hD == RUNNING && tD == ABSENT -> arrivedD()
     :: expired && !(hD == RUNNING && tD == ABSENT) -> closeD(CLOSED_REFUSED); EV(d_forgets)
     :: else -> nextRoundD()
     fi
  :: else ->
     if
     :: hD == NUL || hD == INCOMING -> nextRoundD()
     :: hD == PAUSED && sourceD == ABSENT -> takeOverD()
     :: hD == RUNNING && sourceD == ABSENT -> arrivedD()
#ifdef TAKE_OVER_WITHOUT_ASKING
     :: hD == PAUSED && sourceD == NUL && stableD >= 1 -> takeOverD()
#endif
     :: hD == PAUSED && sourceD == RUNNING && stableD >= 1 -> closeD(CLOSED_REFUSED); EV(d_forgets)
     :: hD == ABSENT && expired && (sourceD == RUNNING || sourceD == PAUSED) -> closeD(CLOSED_REFUSED); EV(d_forgets)
     :: hD == ABSENT && expired && sourceD == ABSENT ->
        if
        :: letGo -> closeD(CLOSED_REFUSED); mForgotten = 1; EV(d_lost)
        :: else -> closeD(CLOSED_REFUSED); EV(d_forgets)
        fi
     :: hD == ABSENT && expired && sourceD == NUL && stableD >= 1 -> closeD(CLOSED_REFUSED); EV(d_forgets)
     :: else -> nextRoundD()
     fi
  fi
}

/* The request dies with S's libvirtd, or with the connection between the two, before anything is stopped. */
inline broken() { copyD = ABSENT; req = NO }
inline answer(r) { rep = ((phaseS == MOVING && upS) -> r : 0) }
inline splitD() {
  /* Without the end of the migration D's libvirtd either keeps the copy or ends it. */
  if
  :: req == PERFORMED -> copyD = ABSENT
  :: copyD = arrives
  fi
}

#ifdef STEADY_UNTIL_NOW
#define atQuestion true
#else
#define atQuestion (hS == NUL)
#endif
#define quiet (!healed)
/* In a healed world a round is begun only when it can show something new: so the model comes to rest. */
#define worthS (quiet || stS < 3 || hS1 != seeS || tS1 != seeD)
#define worthD (quiet || stD < 3 || hD1 != seeD || tD1 != seeS)

active proctype both() {
  TRACE_BEGIN;
again:
  atomic {
    TRACE_LIVES
    if
    /* Words that can change nothing any more are forgotten, so that states are equal. */
    :: closedS && duty == 0 -> mTookOver = 0; mForgotten = 0
    :: else
    fi;
    assert(!(copyS == RUNNING && copyD == RUNNING));                       /* S1 */
    assert(copyS != ABSENT || copyD == PAUSED || copyD == RUNNING || wentDown); /* S2: none lost */
    assert(!denied || copyD == ABSENT);                                    /* it may move on */
    if
    /* ---- the agent at S begins: migration/outgoing.ts, admitted */
    :: upS && phaseS == ASKING && valid ->
       phaseS = MOVING; journalS = MOVING; valid = 0; req = UNREAD; EV(s_performs)
    /* It dies when the record is written, and the hypervisor was not asked yet. */
    :: upS && phaseS == ASKING && valid && quiet && BUDGET(crashes) -> SPEND(crashes);
       journalS = MOVING; valid = 0; upS = 0; phaseS = NOTHING; freshS(); EV(s_performs); EV(s_dies)
    :: upS && phaseS == ASKING && quiet -> phaseS = CLOSED_REFUSED; mCancelled = 1; valid = 0; EV(s_refused)
    /* The process stood still, and the admission is too old when the request would be made: hypervisor-effects.ts, notAfter. */
    :: upS && phaseS == ASKING && valid && quiet -> phaseS = CLOSED_REFUSED; journalS = CLOSED_REFUSED; mCancelled = 1; valid = 0;
       duty = CANCELLED; EV(s_refused)

    /* ---- S's hypervisor carries it out */
    :: req == UNREAD && lvS -> req = BEGUN
    :: req == UNREAD && lvS && quiet -> req = NO; answer(R_REFUSED); EV(w_refused)
    /* The driver refuses by itself. */
    :: req == UNREAD && lvS && quiet -> req = NO; answer(R_REFUSED)
    :: req == BEGUN && lvS && lvD && copyD == ABSENT -> req = COPYING; copyD = INCOMING; EV(w_started)
    :: req == BEGUN && lvS && (!lvD || quiet) -> req = NO; answer(R_REFUSED); EV(w_refused)
    :: req == COPYING && lvS && lvD -> req = PERFORMED; copyS = PAUSED
    :: req == COPYING && lvS && quiet -> broken(); answer(R_REFUSED); EV(w_stayed)
    :: req == PERFORMED && lvD -> req = FINISHED; copyD = arrives
    :: req == PERFORMED && lvD && quiet -> broken(); copyS = RUNNING; answer(R_REFUSED); EV(w_stayed)
    :: req == FINISHED && lvS -> req = NO; copyS = ABSENT; answer(R_DONE); EV(w_moved)
    /* The connection between the two breaks while D finishes: S goes on (R2's case). */
    :: (req == PERFORMED || req == FINISHED) && quiet ->
       splitD(); req = NO; copyS = RUNNING; answer(R_REFUSED); EV(w_split)
    /* The call ends in doubt, whatever is true. */
    :: upS && phaseS == MOVING && rep == 0 && quiet -> rep = R_UNKNOWN

    /* ---- daemons die, and come back; D's host loses power */
    :: quiet && lvS && BUDGET(daemons) -> lvS = 0; SPEND(daemons); resumeS = 0; EV(daemon_down_s);
       if
       :: req == PERFORMED || req == FINISHED -> splitD(); req = NO; EV(w_grey)
       :: req == COPYING -> broken(); EV(w_stayed)
       :: req == UNREAD || req == BEGUN -> broken()
       :: else
       fi;
       answer(R_UNKNOWN)
    :: !lvS -> lvS = 1; EV(daemon_up_s)
    /* The same, and it is back at once. */
    :: quiet && lvS && (req == PERFORMED || req == FINISHED) && BUDGET(daemons) -> SPEND(daemons);
       splitD(); req = NO; answer(R_UNKNOWN); EV(w_grey)
    :: quiet && lvD && BUDGET(daemons) -> lvD = 0; SPEND(daemons); resumeD = 0; EV(daemon_down_d);
       if
       :: req == PERFORMED || req == FINISHED -> splitD(); req = NO; copyS = RUNNING; answer(R_REFUSED); EV(w_stayed)
       :: req == COPYING -> broken(); answer(R_REFUSED); EV(w_stayed)
       :: else
       fi
    :: quiet && BUDGET(powers) && (upD || lvD) -> SPEND(powers); EV(host_down_d);
       if
       :: (copyS == ABSENT || journalS == CLOSED_DONE) && (copyD == PAUSED || copyD == RUNNING) -> wentDown = 1
       :: else
       fi;
       if
       :: moving_now -> req = NO; copyS = RUNNING; answer(R_REFUSED)
       :: else
       fi;
       copyD = ABSENT; lvD = 0; upD = 0; resumeD = 0; phaseD = NOTHING; freshD()
    :: !lvD -> lvD = 1; EV(daemon_up_d)

    /* ---- the agent at S hears how it ended: outgoing.ts, finished */
    :: upS && phaseS == MOVING && rep == R_DONE -> rep = 0; handOverS()
    :: upS && phaseS == MOVING && rep == R_REFUSED -> rep = 0; refuseS(CANCELLED)
    :: upS && phaseS == MOVING && rep == R_UNKNOWN -> rep = 0; phaseS = SETTLING; freshS(); EV(s_doubts)

    /* ---- the agent at S asks both ends: outgoing-end.ts, question-rounds.ts */
    :: upS && phaseS == SETTLING && hS == NUL && lvS && worthS -> hS = seeS
    :: upS && phaseS == SETTLING && tS == NUL && lvD && !takenOver && worthS -> tS = seeD
    :: upS && phaseS == SETTLING && tS == NUL && takenOver && worthS -> tS = RUNNING
    :: upS && phaseS == SETTLING && upD && phaseD == CLOSED_DONE && !mTookOver && !takenOver -> mTookOver = 1
    :: upS && phaseS == SETTLING && hS != NUL && tS != NUL -> settleS()
    :: upS && phaseS == SETTLING && (hS == NUL || tS == NUL) && quiet -> settleS()
    /* 34 s: a request that was sent has been read, or never will be. What counts is when the last question was asked. */
    :: upS && phaseS == SETTLING && hS1 == RUNNING && !steady && req != UNREAD && atQuestion -> steady = 1; stS = (stS == 3 -> 2 : stS)
    :: resumeS && lvS -> resumeS = 0;
       if
       :: copyS == PAUSED && !moving_now -> copyS = RUNNING
       :: else
       fi;
       if
       :: copyS == RUNNING && upS && phaseS == SETTLING -> refuseS(0)
       :: else
       fi

    /* ---- handing over: outgoing-end.ts, again, letGo; adr/004 */
    :: upS && phaseS == HANDING && !mHandOver && quiet -> mHandOver = 1
    :: upS && phaseS == HANDING && lvD && copyD == PAUSED && quiet -> copyD = RUNNING
    :: upS && phaseS == HANDING && lvD && copyD == RUNNING -> endS(CLOSED_DONE, 0); EV(s_done)
#ifdef FORGET_UNHEARD
    :: upS && phaseS == HANDING && quiet -> endS(CLOSED_DONE, 0); EV(s_lets_go)
#else
    :: upS && phaseS == HANDING && quiet -> endS(CLOSED_DONE, HAND_OVER); EV(s_lets_go)
#endif
    /* duties.ts: said until confirmed */
    :: upS && duty == HAND_OVER && !mHandOver && quiet -> mHandOver = 1
    :: upS && duty == CANCELLED && !mCancelled && quiet -> mCancelled = 1
    :: upS && duty == CANCELLED && lvD && copyD == ABSENT -> duty = 0; denied = 1
    :: upS && mTookOver -> mTookOver = (quiet -> 1 : 0); duty = 0; EV(s_hears_took_over);
       if
       :: phaseS == HANDING -> endS(CLOSED_DONE, 0); EV(s_done)
       :: phaseS == SETTLING -> takenOver = 1; tS = RUNNING
       :: else
       fi
    :: upS && mForgotten -> mForgotten = (quiet -> 1 : 0); duty = 0; EV(s_hears_forgotten);
       if
       :: phaseS == HANDING -> endS(CLOSED_REFUSED, 0); EV(s_lost)
       :: else
       fi

    /* ---- the agent at D: incoming.ts, incoming-end.ts */
    :: upD && phaseD == PROMISED && hD == NUL && !taking && lvD && worthD -> hD = seeD
    :: upD && phaseD == PROMISED && tD == NUL && !taking && !letGo && lvS && worthD -> tD = seeS
    /* presence.ts: what S's agent knows more than its hypervisor */
    :: upD && phaseD == PROMISED && tD == NUL && !taking && !letGo && upS && worthD && quiet &&
       (phaseS == ASKING || phaseS == MOVING || (phaseS == SETTLING && seeS == RUNNING)) -> tD = OUTGOING
    :: upD && phaseD == PROMISED && !taking && upS && !mHandOverNow && (phaseS == HANDING || phaseS == CLOSED_DONE) ->
       mHandOverNow = 1
    :: upD && phaseD == PROMISED && !taking && upS && phaseS == CLOSED_REFUSED && !mCancelled -> mCancelled = 1
    :: upD && phaseD == PROMISED && !taking && hD != NUL && (tD != NUL || letGo) -> mHandOverNow = 0; judgeD()
    :: upD && phaseD == PROMISED && !taking && (hD == NUL || tD == NUL) && quiet -> mHandOverNow = 0; judgeD()
    :: upD && phaseD == PROMISED && taking && !resumeD -> nextRoundD()
    /* 34 s after the promise: it cannot be used any more, and no request on it is unread. */
#ifdef EXPIRE_AT_ONCE
    :: upD && phaseD == PROMISED && !expired -> expired = 1
#else
    :: upD && phaseD == PROMISED && !expired && req != UNREAD &&
       /* an answer takes less than 34 s in a healed world */
       (quiet || !adopted || letGo || !(phaseS == HANDING || duty == HAND_OVER)) ->
       expired = 1; valid = 0; stD = (stD == 3 -> 2 : stD)
#endif
    :: resumeD && lvD -> resumeD = 0;
       if
       :: copyD == PAUSED -> copyD = RUNNING
       :: else
       fi;
       if
       :: copyD == RUNNING && upD && phaseD == PROMISED -> arrivedD()
       :: copyD != RUNNING && upD && phaseD == PROMISED -> taking = 0
       :: else
       fi
    :: upD && (mHandOver || mHandOverNow) -> EV(d_hears_hand_over);
       if
       :: phaseD == PROMISED && !letGo && (!adopted || (mHandOverNow && (phaseS == HANDING || duty == HAND_OVER))) ->
          /* incoming-end.ts, letGo: it is looked at once more, and then let run. */
          letGo = 1;
          if
          :: taking
          :: else -> hD = NUL; tD = NUL
          fi
       :: phaseD == PROMISED && (letGo || (adopted && !(mHandOverNow && (phaseS == HANDING || duty == HAND_OVER)))) ->
          /* incoming-end.ts, saidBefore: an answer to our question, without an open duty. */
          if
          :: adopted && !letGo && mHandOverNow -> tD = ABSENT
          :: else
          fi
       :: phaseD == CLOSED_DONE -> mTookOver = 1
       /* adoption.ts, handedOver: a copy without a record */
       /* Its last sample may be old: the VM may have been resumed since. */
       :: (phaseD == NOTHING || phaseD == CLOSED_REFUSED) && (copyD == PAUSED || copyD == RUNNING) &&
          (mHandOver || phaseS == HANDING || duty == HAND_OVER) ->
          closeD(PROMISED); adopted = 1; EV(d_adopts)
       :: (phaseD == NOTHING || phaseD == CLOSED_REFUSED) && copyD == RUNNING && lvD -> mTookOver = 1
       :: (phaseD == NOTHING || phaseD == CLOSED_REFUSED) && copyD == ABSENT && lvD -> mForgotten = 1
       :: else
       fi;
       mHandOver = (quiet -> mHandOver : 0); mHandOverNow = 0
    :: upD && mCancelled -> EV(d_hears_cancelled);
       if
       :: phaseD == PROMISED && taking
       :: phaseD == PROMISED && !taking -> closeD(CLOSED_REFUSED); mForgotten = 1; EV(d_forgets)
       :: else -> mForgotten = 1
       fi;
       mCancelled = (quiet -> 1 : 0)

    /* ---- adoption.ts, askedBy: S knows of no action, and its hypervisor moves the VM away */
    :: upS && phaseS == NOTHING && upD && phaseD == PROMISED && moving_now && copyD == INCOMING && lostS -> mIncoming = 1
    :: upS && phaseS == NOTHING && mIncoming && copyS != ABSENT && moving_now ->
       mIncoming = 0; phaseS = SETTLING; journalS = MOVING; freshS(); EV(s_takes_up)

    /* ---- agents die and come back; a journal may be lost with one */
    :: upS && quiet && BUDGET(crashes) -> SPEND(crashes); upS = 0; rep = 0; valid = 0; phaseS = NOTHING; freshS(); mIncoming = 0;
       EV(s_dies)
    :: !upS && BUDGET(losses) && quiet -> SPEND(losses); journalS = NOTHING; duty = 0; lostS = 1; EV(s_loses_journal)
    :: !upS -> upS = 1; EV(s_starts);
       if
       :: journalS == MOVING -> phaseS = SETTLING
       :: else -> phaseS = journalS
       fi
    :: upD && quiet && BUDGET(crashes) -> SPEND(crashes); upD = 0; phaseD = NOTHING; freshD(); EV(d_dies)
    :: !upD && BUDGET(losses) && quiet -> SPEND(losses); journalD = NOTHING; lostD = 1; EV(d_loses_journal)
    :: !upD && lvD -> upD = 1; phaseD = journalD; EV(d_starts)

    :: quiet && PLAIN -> healed = 1
    :: else ->
       if
       /* Nothing else happens: what has not been confirmed is said again. */
       :: repeats > 0 && (phaseS == HANDING || duty == HAND_OVER) -> repeats--; mHandOver = 1; goto again
       :: repeats > 0 && duty == CANCELLED -> repeats--; mCancelled = 1; goto again
       :: else
       fi;
       /* At rest in a healed world: S2, L6. */
       assert(wentDown || copyS == RUNNING || copyD == RUNNING || lostS || lostD);
       assert(phaseS != MOVING && phaseS != HANDING && duty == 0);
       goto rest
    fi;
    goto again
  }
rest:
  skip
}
