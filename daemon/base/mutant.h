/* Planted bugs, which prove that the tests can fail: `make mutants` builds the
 * simulator once with each of them and sees it caught. In every other build they
 * are 0 and leave no trace in the code. */
#ifndef CY_BASE_MUTANT_H
#define CY_BASE_MUTANT_H

/* What leaves a node leaves before its commit. */
#ifndef CY_MUTANT_RECEIPT_BEFORE_COMMIT
#define CY_MUTANT_RECEIPT_BEFORE_COMMIT 0
#endif
/* A parcel that is held already is taken again. */
#ifndef CY_MUTANT_NO_DEDUPLICATION
#define CY_MUTANT_NO_DEDUPLICATION 0
#endif
/* A session resumes after what was sent, not after what the other side holds. */
#ifndef CY_MUTANT_RESUME_FROM_SENT
#define CY_MUTANT_RESUME_FROM_SENT 0
#endif
/* The receive mark is committed apart from the messages that it stands for. */
#ifndef CY_MUTANT_MARK_APART
#define CY_MUTANT_MARK_APART 0
#endif
/* A store from a backup is believed to be the present one. */
#ifndef CY_MUTANT_BACKUP_BELIEVED
#define CY_MUTANT_BACKUP_BELIEVED 0
#endif
/* A message that the peer rejected is sent again. */
#ifndef CY_MUTANT_REJECTED_RETRIED
#define CY_MUTANT_REJECTED_RETRIED 0
#endif
/* What has no receipt is put into new parcels when a session begins. */
#ifndef CY_MUTANT_PARCEL_ANEW
#define CY_MUTANT_PARCEL_ANEW 0
#endif
/* A session proof counts for whatever connection it is said on. */
#ifndef CY_MUTANT_PROOF_UNBOUND
#define CY_MUTANT_PROOF_UNBOUND 0
#endif
/* What is dissolved is signed anew under its old place. */
#ifndef CY_MUTANT_PLACE_TWICE
#define CY_MUTANT_PLACE_TWICE 0
#endif
/* What a peer refuses is dissolved before it says what it holds. */
#ifndef CY_MUTANT_DISSOLVED_EARLY
#define CY_MUTANT_DISSOLVED_EARLY 0
#endif
/* What a peer has lost, and a restored author holds a receipt for, counts as delivered. */
#ifndef CY_MUTANT_LOST_FORGOTTEN
#define CY_MUTANT_LOST_FORGOTTEN 0
#endif
/* The mark of what is receipted stands still. */
#ifndef CY_MUTANT_MARK_STANDS
#define CY_MUTANT_MARK_STANDS 0
#endif
/* A cursor moves before the consumer has acknowledged. */
#ifndef CY_MUTANT_CURSOR_EARLY
#define CY_MUTANT_CURSOR_EARLY 0
#endif
/* Events go by their age alone, whether a client has dealt with them or not. */
#ifndef CY_MUTANT_UNREAD_PRUNED
#define CY_MUTANT_UNREAD_PRUNED 0
#endif
/* The texts of audit leaves are kept for ever. */
#ifndef CY_MUTANT_TEXTS_KEPT
#define CY_MUTANT_TEXTS_KEPT 0
#endif
/* Evidence is here once its last chunk is, not once the disk has it under its name. */
#ifndef CY_MUTANT_HERE_BEFORE_FINISH
#define CY_MUTANT_HERE_BEFORE_FINISH 0
#endif
/* What is reserved for evidence stays reserved when its sender pauses, or goes. */
#ifndef CY_MUTANT_RESERVATION_STAYS
#define CY_MUTANT_RESERVATION_STAYS 0
#endif
/* Evidence is destroyed in spite of a legal hold. */
#ifndef CY_MUTANT_HOLD_IGNORED
#define CY_MUTANT_HOLD_IGNORED 0
#endif
/* A peer that knows a digest gets what was never offered to it. */
#ifndef CY_MUTANT_NEVER_OFFERED_SENT
#define CY_MUTANT_NEVER_OFFERED_SENT 0
#endif
/* Content is destroyed although other evidence holds the same. */
#ifndef CY_MUTANT_SHARED_DESTROYED
#define CY_MUTANT_SHARED_DESTROYED 0
#endif
/* Content that nothing knows after a restored backup stays on the disk. */
#ifndef CY_MUTANT_STRAYS_STAY
#define CY_MUTANT_STRAYS_STAY 0
#endif
/* Evidence is here for a peer that has sent none of it, because another one has. */
#ifndef CY_MUTANT_ANOTHERS_EVIDENCE
#define CY_MUTANT_ANOTHERS_EVIDENCE 0
#endif
/* Evidence that came before is here again because its row says so: nobody looks at its bytes. */
#ifndef CY_MUTANT_HERE_UNHASHED
#define CY_MUTANT_HERE_UNHASHED 0
#endif
/* Notes take the room in a case that is kept for what ends it. */
#ifndef CY_MUTANT_NO_ROOM_KEPT
#define CY_MUTANT_NO_ROOM_KEPT 0
#endif
/* A parcel that is sent again offers evidence again that has arrived, to a peer that lost nothing. */
#ifndef CY_MUTANT_REPEATED_RECEIPT
#define CY_MUTANT_REPEATED_RECEIPT 0
#endif
/* Our copy of evidence is deleted although the receiver has not verified its own. */
#ifndef CY_MUTANT_UNVERIFIED_DELETED
#define CY_MUTANT_UNVERIFIED_DELETED 0
#endif
/* Evidence that is over is destroyed before its peer was met. */
#ifndef CY_MUTANT_DESTROYS_UNMET
#define CY_MUTANT_DESTROYS_UNMET 0
#endif
/* What was ordered after a backup is not obeyed by the store that is restored from it. */
#ifndef CY_MUTANT_ORDERS_FORGOTTEN
#define CY_MUTANT_ORDERS_FORGOTTEN 0
#endif
/* What was erased by order is kept when a restored backup, or a peer, brings it back. */
#ifndef CY_MUTANT_ERASED_COMES_BACK
#define CY_MUTANT_ERASED_COMES_BACK 0
#endif
/* A restored receiver waits for what the sender has destroyed. */
#ifndef CY_MUTANT_DESTROYED_AWAITED
#define CY_MUTANT_DESTROYED_AWAITED 0
#endif
/* A restored receiver forgets what it had said of evidence, although its statement comes back. */
#ifndef CY_MUTANT_FATE_FORGOTTEN
#define CY_MUTANT_FATE_FORGOTTEN 0
#endif
/* What two connections hand in at the same moment under one key is taken twice. */
#ifndef CY_MUTANT_KEY_TWICE
#define CY_MUTANT_KEY_TWICE 0
#endif
/* What is said in a case that is damaged here ends the session, again and again. */
#ifndef CY_MUTANT_DAMAGE_STOPS_ALL
#define CY_MUTANT_DAMAGE_STOPS_ALL 0
#endif
/* Those that begin with LAW are caught in the legal years. */
/* A step of a ladder is taken a day too early. */
#ifndef CY_MUTANT_LAW_STEP_EARLY
#define CY_MUTANT_LAW_STEP_EARLY 0
#endif
/* A step is taken, and that it was is not kept. */
#ifndef CY_MUTANT_LAW_STEP_FORGOTTEN
#define CY_MUTANT_LAW_STEP_FORGOTTEN 0
#endif
/* A start is stated by a wall clock that is doubted. */
#ifndef CY_MUTANT_LAW_DOUBTED_TIME
#define CY_MUTANT_LAW_DOUBTED_TIME 0
#endif
/* A clock is decided by what it was before the same batch changed it. */
#ifndef CY_MUTANT_LAW_STALE_CLOCK
#define CY_MUTANT_LAW_STALE_CLOCK 0
#endif
/* What is said after the end of a time limit moves it. */
#ifndef CY_MUTANT_LAW_REVIVED
#define CY_MUTANT_LAW_REVIVED 0
#endif
/* What a message states counts as it states it, were it of 1970 or of 2100. */
#ifndef CY_MUTANT_LAW_ANY_INSTANT
#define CY_MUTANT_LAW_ANY_INSTANT 0
#endif
/* The first measure of a request meets the time limit of the whole. */
#ifndef CY_MUTANT_LAW_FIRST_MEASURE
#define CY_MUTANT_LAW_FIRST_MEASURE 0
#endif
/* What was preserved need not be kept once the rest of the case is withdrawn, or the case closed. */
#ifndef CY_MUTANT_LAW_KEEPING_CEASES
#define CY_MUTANT_LAW_KEEPING_CEASES 0
#endif
/* A request that follows an earlier one meets no time limit of that. */
#ifndef CY_MUTANT_LAW_LINK_UNREAD
#define CY_MUTANT_LAW_LINK_UNREAD 0
#endif
/* What is published hides counts of few requests, and not what would tell them. */
#ifndef CY_MUTANT_LAW_SUMS_TELL
#define CY_MUTANT_LAW_SUMS_TELL 0
#endif
/* What a signed receipt proves is not counted with. */
#ifndef CY_MUTANT_LAW_RECEIPT_UNREAD
#define CY_MUTANT_LAW_RECEIPT_UNREAD 0
#endif
/* Nobody can refuse what was notified, make it subject to conditions, or take more time for it. */
#ifndef CY_MUTANT_LAW_NOTIFICATION_STANDS
#define CY_MUTANT_LAW_NOTIFICATION_STANDS 0
#endif
/* What the other side stated is not counted with. */
#ifndef CY_MUTANT_LAW_OWN_START
#define CY_MUTANT_LAW_OWN_START 0
#endif

#endif
