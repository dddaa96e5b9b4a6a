/* Planted bugs, which prove that the tests can fail: `make mutants` builds one simulator with all of them, in which the
 * environment's CY_MUTANT names the one that it shows, and sees each caught. In every other build they are false and
 * leave no trace in the code. */
#ifndef CY_BASE_MUTANT_H
#define CY_BASE_MUTANT_H

#ifdef CY_MUTANTS
#include <stdbool.h>

bool cy_planted(const char *name);
#define CY_PLANTED(name) cy_planted(name)
#else
#define CY_PLANTED(name) 0
#endif

/* Frames leave a node before their commit. */
#define CY_MUTANT_RECEIPT_BEFORE_COMMIT CY_PLANTED("RECEIPT_BEFORE_COMMIT")
/* A parcel that is held already is taken again. */
#define CY_MUTANT_NO_DEDUPLICATION CY_PLANTED("NO_DEDUPLICATION")
/* A session resumes after what was sent, not after what the other side holds. */
#define CY_MUTANT_RESUME_FROM_SENT CY_PLANTED("RESUME_FROM_SENT")
/* The receive mark is committed apart from the messages that it stands for. */
#define CY_MUTANT_MARK_APART CY_PLANTED("MARK_APART")
/* A store from a backup is believed to be the present one. */
#define CY_MUTANT_BACKUP_BELIEVED CY_PLANTED("BACKUP_BELIEVED")
/* A message that the peer rejected is sent again. */
#define CY_MUTANT_REJECTED_RETRIED CY_PLANTED("REJECTED_RETRIED")
/* Messages without a receipt are put into new parcels when a session begins. */
#define CY_MUTANT_PARCEL_ANEW CY_PLANTED("PARCEL_ANEW")
/* A session proof counts for whatever connection it is said on. */
#define CY_MUTANT_PROOF_UNBOUND CY_PLANTED("PROOF_UNBOUND")
/* Messages of a dissolved parcel are signed anew under its old position. */
#define CY_MUTANT_PLACE_TWICE CY_PLANTED("PLACE_TWICE")
/* A parcel that a peer refuses is dissolved before the peer says what it holds. */
#define CY_MUTANT_DISSOLVED_EARLY CY_PLANTED("DISSOLVED_EARLY")
/* A message that a peer has lost, and for which a restored author has a receipt, counts as delivered. */
#define CY_MUTANT_LOST_FORGOTTEN CY_PLANTED("LOST_FORGOTTEN")
/* The mark of what is receipted stands still. */
#define CY_MUTANT_MARK_STANDS CY_PLANTED("MARK_STANDS")
/* What is kept of a case outlives a commit that failed. */
#define CY_MUTANT_KEPT_OUTLIVES CY_PLANTED("KEPT_OUTLIVES")
/* What is kept of a case does not count what is folded on. */
#define CY_MUTANT_COUNT_DRIFTS CY_PLANTED("COUNT_DRIFTS")
/* A cursor moves before the consumer has acknowledged. */
#define CY_MUTANT_CURSOR_EARLY CY_PLANTED("CURSOR_EARLY")
/* Events go by their age alone, whether a client has dealt with them or not. */
#define CY_MUTANT_UNREAD_PRUNED CY_PLANTED("UNREAD_PRUNED")
/* The texts of audit leaves are kept for ever. */
#define CY_MUTANT_TEXTS_KEPT CY_PLANTED("TEXTS_KEPT")
/* Evidence is here once its last chunk is, not once the disk has it under its name. */
#define CY_MUTANT_HERE_BEFORE_FINISH CY_PLANTED("HERE_BEFORE_FINISH")
/* Space reserved for evidence stays reserved when its sender pauses, or goes. */
#define CY_MUTANT_RESERVATION_STAYS CY_PLANTED("RESERVATION_STAYS")
/* Evidence is destroyed in spite of a legal hold. */
#define CY_MUTANT_HOLD_IGNORED CY_PLANTED("HOLD_IGNORED")
/* A peer that knows a digest gets what was never offered to it. */
#define CY_MUTANT_NEVER_OFFERED_SENT CY_PLANTED("NEVER_OFFERED_SENT")
/* Content is destroyed although other evidence holds the same. */
#define CY_MUTANT_SHARED_DESTROYED CY_PLANTED("SHARED_DESTROYED")
/* Content that nothing knows after a restored backup stays on the disk. */
#define CY_MUTANT_STRAYS_STAY CY_PLANTED("STRAYS_STAY")
/* Evidence is here for a peer that has sent none of it, because another one has. */
#define CY_MUTANT_ANOTHERS_EVIDENCE CY_PLANTED("ANOTHERS_EVIDENCE")
/* Evidence that came before is here again because its row says so: nobody looks at its bytes. */
#define CY_MUTANT_HERE_UNHASHED CY_PLANTED("HERE_UNHASHED")
/* Notes take the room in a case that is kept for what ends it. */
#define CY_MUTANT_NO_ROOM_KEPT CY_PLANTED("NO_ROOM_KEPT")
/* A parcel that is sent again offers evidence again that has arrived, to a peer that lost nothing. */
#define CY_MUTANT_REPEATED_RECEIPT CY_PLANTED("REPEATED_RECEIPT")
/* Our copy of evidence is deleted although the receiver has not verified its own. */
#define CY_MUTANT_UNVERIFIED_DELETED CY_PLANTED("UNVERIFIED_DELETED")
/* Evidence that is over is destroyed before its peer was met. */
#define CY_MUTANT_DESTROYS_UNMET CY_PLANTED("DESTROYS_UNMET")
/* A store that is restored from a backup does not obey the orders given since. */
#define CY_MUTANT_ORDERS_FORGOTTEN CY_PLANTED("ORDERS_FORGOTTEN")
/* Content that was erased by order is kept when a restored backup, or a peer, brings it back. */
#define CY_MUTANT_ERASED_COMES_BACK CY_PLANTED("ERASED_COMES_BACK")
/* A restored receiver waits for what the sender has destroyed. */
#define CY_MUTANT_DESTROYED_AWAITED CY_PLANTED("DESTROYED_AWAITED")
/* A restored receiver forgets what it had said of evidence, although its statement comes back. */
#define CY_MUTANT_FATE_FORGOTTEN CY_PLANTED("FATE_FORGOTTEN")
/* A submission that two connections hand in at the same moment under one key is accepted twice. */
#define CY_MUTANT_KEY_TWICE CY_PLANTED("KEY_TWICE")
/* A message of a case that is damaged here ends the session, again and again. */
#define CY_MUTANT_DAMAGE_STOPS_ALL CY_PLANTED("DAMAGE_STOPS_ALL")
/* Those that begin with LAW are caught in the legal years. */
/* A step of a ladder is taken a day too early. */
#define CY_MUTANT_LAW_STEP_EARLY CY_PLANTED("LAW_STEP_EARLY")
/* A step is taken, and that it was is not kept. */
#define CY_MUTANT_LAW_STEP_FORGOTTEN CY_PLANTED("LAW_STEP_FORGOTTEN")
/* A start is stated by a wall clock that is doubted. */
#define CY_MUTANT_LAW_DOUBTED_TIME CY_PLANTED("LAW_DOUBTED_TIME")
/* A clock is decided by what it was before the same batch changed it. */
#define CY_MUTANT_LAW_STALE_CLOCK CY_PLANTED("LAW_STALE_CLOCK")
/* A message after the end of a time limit moves it. */
#define CY_MUTANT_LAW_REVIVED CY_PLANTED("LAW_REVIVED")
/* An instant that a message states counts even if it is of 1970 or of 2100. */
#define CY_MUTANT_LAW_ANY_INSTANT CY_PLANTED("LAW_ANY_INSTANT")
/* The first measure of a request meets the time limit of the whole. */
#define CY_MUTANT_LAW_FIRST_MEASURE CY_PLANTED("LAW_FIRST_MEASURE")
/* Preserved data need not be kept once the rest of the case is withdrawn, or the case closed. */
#define CY_MUTANT_LAW_KEEPING_CEASES CY_PLANTED("LAW_KEEPING_CEASES")
/* A request that follows an earlier one meets no time limit of that. */
#define CY_MUTANT_LAW_LINK_UNREAD CY_PLANTED("LAW_LINK_UNREAD")
/* A published table hides counts of few requests, but not the counts from which they can be computed. */
#define CY_MUTANT_LAW_SUMS_TELL CY_PLANTED("LAW_SUMS_TELL")
/* The instant that a signed receipt proves is ignored. */
#define CY_MUTANT_LAW_RECEIPT_UNREAD CY_PLANTED("LAW_RECEIPT_UNREAD")
/* Nobody can refuse what was notified, make it subject to conditions, or take more time for it. */
#define CY_MUTANT_LAW_NOTIFICATION_STANDS CY_PLANTED("LAW_NOTIFICATION_STANDS")
/* The instants that the other side stated are ignored. */
#define CY_MUTANT_LAW_OWN_START CY_PLANTED("LAW_OWN_START")

#endif
