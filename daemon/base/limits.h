/* Every limit of the protocol and of this implementation, in one place.
 * daemon/README.md lists what happens at each. */
#ifndef CY_BASE_LIMITS_H
#define CY_BASE_LIMITS_H

/* A limit where it is applied, and not where it is the size of an array. In the simulator's
 * build a seed may make it smaller, so that there is more than fits (tests/sim/bounds.c). */
#ifdef CY_BOUNDS_VARY
unsigned cy_bound(const char *name, unsigned most);
#define CY_BOUND(limit) cy_bound(#limit, limit)
#else
#define CY_BOUND(limit) (limit)
#endif

/* Protocol limits: proto/PROTOCOL.md states the same numbers. */
#define CY_PROTOCOL_VERSION    2
#define CY_MESSAGE_MAX         (256u * 1024u)           /* bytes of one serialised message */
#define CY_PARCEL_MESSAGES_MAX 64u                      /* messages in a parcel */
#define CY_PARCEL_BYTES_MAX    (1024u * 1024u)          /* bytes of its messages together */
#define CY_FRAME_MAX           (1024u * 1024u + 65536u) /* bytes of one frame between authorities */
#define CY_MANIFEST_MAX        (32u * 1024u)            /* bytes of a manifest, receipt or audit head */
#define CY_SIGNATURE_MAX       (16u * 1024u)            /* bytes of a CMS signature */
#define CY_DER_DEPTH_MAX       32u                      /* values within values in a signature; names of a CA: 18 */
#define CY_HELLO_NONCE         32u                      /* bytes of the nonce in a Hello */
#define CY_WINDOW_MAX          16u                      /* parcels without receipt */
/* Frames for which a session's socket has no room yet: what one batch answers to all frames that may wait for it, and
 * what it sends of its own (node/core/core.h). A peer for which more waits does not read. */
#define CY_AHEAD_MAX   64u
#define CY_AHEAD_BYTES ((CY_WINDOW_MAX + 4u) * CY_FRAME_MAX)
#define CY_MADE_TOLERANCE_MS \
	300000 /* by which a signed time may be ahead, or before what it follows: people are told */
#define CY_MADE_LATE_MS       86400000             /* what comes so long after its signed time: people are told */
#define CY_STATED_AHEAD_MS    3600000              /* a stated instant after its message: a clock may be so wrong */
#define CY_STATED_BEFORE_MS   86400000             /* before the case was opened: people state days */
#define CY_INSTANT_MIN_MS     100000000000         /* 3 March 1973; as seconds in the year 5138: no instant is both */
#define CY_HEADS_MAX          1000u                /* case heads in a frame */
#define CY_HEADS_ALL_MAX      (1u << 20)           /* case heads that a side shows, in all frames together */
#define CY_ANSWER_MS          600000               /* for an answer while a side fetches back */
#define CY_HEADS_JUDGED_MAX   250u                 /* those with digests, which are read from each message */
#define CY_CASE_MESSAGES_MAX  2048u                /* messages of one author in a case; of them, at most: */
#define CY_CASE_SAYS_MAX      768u                 /* what ends nothing */
#define CY_CASE_STATES_MAX    1024u                /* what a daemon states by itself */
#define CY_NUMBER_MAX         (1u << 20)           /* the number of a message in its case */
#define CY_REJECTED_BYTES_MAX (4u * 1024u * 1024u) /* of rejected messages of a peer that are kept */
#define CY_MEASURES_MAX       64u                  /* measures in a request */
#define CY_REPEATED_MAX       1000u                /* elements of any repeated field */
#define CY_UNKNOWN_MAX        10000u               /* fields that the schema does not know, in all */
#define CY_TEXT_MAX           (128u * 1024u)       /* bytes of any text field */
#define CY_NESTING_MAX        16u                  /* depth of nested messages or JSON */
#define CY_CHUNK              (1024u * 1024u)      /* bytes of a chunk of evidence */
#define CY_CHUNK_PATH_MAX     48u                  /* digests of a chunk's audit path */
#define CY_PULL_CREDIT_MAX    64u                  /* chunks of a pull that are not here yet */
#define CY_EVIDENCE_MAX       (UINT64_C(1) << 46)  /* bytes of one item: 64 TiB */

/* Identifiers, without the NUL. */
#define CY_AUTHORITY_MAX 32u  /* [A-Z0-9-], such as US-OIA */
#define CY_UUID_LEN      36u  /* lower case, with hyphens */
#define CY_REFERENCE_MAX 128u /* own reference */
#define CY_CLIENT_MAX    32u  /* client name */
#define CY_KEY_MAX       64u  /* idempotency key, cursor name */
#define CY_REASON_MAX    255u /* reason of a rejection */
#define CY_TITLE_MAX     200u /* title of a case */
#define CY_CLOCK_MAX     32u  /* name of a clock in a treaty profile */
#define CY_FILE_NAME_MAX 255u /* file name of an attachment */

/* TLS, before and after it has shown who calls. */
#define CY_TLS_CERTIFICATES_MAX      (16 * 1024) /* bytes of the certificates that a side shows */
#define CY_TLS_CHAIN_MAX             8           /* CA certificates between a certificate and its anchor */
#define CY_TLS_NAMED_MAX             4    /* peers that a caller's certificate names: a chain is built for each */
#define CY_TLS_HANDSHAKE_RECORDS_MAX 128u /* records that a side sends until its Finished */
#define CY_TLS_HANDSHAKE_BYTES_MAX   (64u * 1024u)
#define CY_TLS_REKEYS_MAX            32u /* KeyUpdates that data has not earned */
#define CY_TLS_REKEY_RECORDS         16u /* records of data that earn one */
#define CY_TLS_TICKETS_MAX           16u /* NewSessionTickets on a connection that we dialled */

/* Keys in locked memory. One connection has a key of its own for as long as it lasts: the other
 * side chooses its kind, and that of P-521 is the longest. When there is no more of this memory
 * OpenSSL fails, also where it signs: it is enough for all connections that there may be. */
#define CY_SECRET_BYTES      (2u * 1024u * 1024u)
#define CY_SECRET_CONNECTION 128u
#define CY_PEERS_MAX         512u  /* in a configuration */
#define CY_HANDSHAKES_MAX    4096u /* unfinished ones that a configuration may allow */

/* The local socket. */
#define CY_LOCAL_FRAME_MAX   (1024u * 1024u)
#define CY_LOCAL_CLIENTS_MAX 256u
#define CY_LOCAL_QUEUE_MAX   (4u * 1024u * 1024u) /* bytes waiting for one client */
#define CY_PAGE_MAX          1000u                /* rows of a page */
#define CY_FLAPS_MAX         64u                  /* ends of a peer's sessions that are counted */
#define CY_UNREAD_MAX        1000u                /* unread messages that are counted */
#define CY_UNREAD_NAMED      8u                   /* and of them named in the status */
#define CY_UNREAD_AFTER_H    24u            /* delivery.unread_after: hours after which an unread message is told */
#define CY_DELIVER_MAX       4096u          /* events that the acknowledgements of a batch move past */
#define CY_CURSORS_MAX       64u            /* durable cursors of a client */
#define CY_UPLOAD_DATA_MAX   (512u * 1024u) /* bytes of evidence in a frame */
#define CY_LETTER_MAX        (256u * 1024u * 1024u)            /* bytes of a letter, as PDF or as HTML */
#define CY_CUSTODY_TEXT_MAX  (5u * CY_LOCAL_FRAME_MAX + 4096u) /* of a leaf: five characters a byte at most */
#define CY_READINGS_MAX      16u /* links about readings by one client of an attachment in a day, of each kind */
/* Threads for what clients send as descriptors; of them for one user, where each may hang (io/local/strangers.h). */
#define STRANGERS_HANDS        8u
#define STRANGERS_HANDS_OF_UID 2u
/* Files of clients that are read at one time; of them of one client. A file may hang for ever. */
#define BLOBS_READERS_MAX       32u
#define BLOBS_READERS_OF_CLIENT 8u

/* Looking at what is stored: how often, in seconds, and for how long at one table's structure, ms. */
#define STORE_CHECK_EVERY_S  86400
#define STORE_CHECK_TABLE_MS 10000

/* How long what is over is kept, in days, where the configuration does not say (node/clients/prune.h). */
#define CY_KEEP_EVENTS_DAYS    366u  /* a case system that was restored may read the year again */
#define CY_KEEP_KEYS_DAYS      366u  /* longer than any case system repeats a submission, also a restored one */
#define CY_KEEP_LEAVES_DAYS    3660u /* while what a leaf says may be asked for in a dispute */
#define CY_KEEP_PARCELS_DAYS   366u  /* longer than a peer may stay away that still names one */
#define CY_KEEP_REJECTED_DAYS  366u  /* longer than two authorities need to find out why */
#define CY_EVIDENCE_CHECK_DAYS 30u   /* evidence.check_every: then evidence is verified again */
#define CY_EVIDENCE_CHECK_RATE (16u * 1024u * 1024u) /* evidence.check_rate: bytes a second */
#define CY_KEEP_CUSTODY_DAYS   3660u                 /* longer than proceedings with the evidence last */

#endif
