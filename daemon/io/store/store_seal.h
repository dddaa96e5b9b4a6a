/* Sealing under a key per case, for any store: what a store keeps of a case's texts is what this part gives it,
 * whatever it keeps it in.
 *
 * Each case has a key of its own, which the store keeps wrapped under the store key; without the wrapped key nothing
 * opens that was sealed in the case, and so a case is erased. A text opens only in the context in which it was sealed:
 * whoever writes to the disk can move none to another case, message or attachment.
 *
 * AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits. Keys are in secure memory (secrets.h), the caller's. */
#ifndef CY_IO_STORE_STORE_SEAL_H
#define CY_IO_STORE_STORE_SEAL_H

#include <openssl/evp.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define SEAL_KEY_LEN     32
#define SEAL_NONCE_LEN   12
#define SEAL_TAG_LEN     16
#define SEAL_WRAPPED_LEN (SEAL_NONCE_LEN + SEAL_KEY_LEN + SEAL_TAG_LEN)

/* One thread's means to seal; `cipher` is shared. */
struct seal {
	const EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	struct cy_buf out; /* of the last seal_up(): ciphertext and tag */
};

int seal_init(struct seal *s, const EVP_CIPHER *cipher);
void seal_free(struct seal *s);

/* Where a text belongs, which is authenticated with it. Its strings are the caller's. */
struct seal_context {
	char what[sizeof "custody 4294967295"];
	const char *peer, *case_id, *message_id;
};

struct seal_context seal_title(const char *peer, const char *case_id);
struct seal_context seal_content(const char *peer, const char *case_id, const char *message_id);
struct seal_context seal_custody(const char *peer, const char *case_id, const char *message_id, uint32_t attachment);

/* A key for a case, and how the store keeps it. */
int seal_new_key(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const char *peer, const char *case_id,
		 uint8_t ret_key[static SEAL_KEY_LEN], uint8_t ret_wrapped[static SEAL_WRAPPED_LEN]);
/* CY_EDAMAGED: it does not open. */
int seal_open_key(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const char *peer, const char *case_id,
		  struct cy_bytes wrapped, uint8_t ret_key[static SEAL_KEY_LEN]);

/* Seal a text of the case that has this key: s->out. CY_ELIMIT: it is longer than 16 MiB. */
int seal_up(struct seal *s, const uint8_t key[static SEAL_KEY_LEN], const struct seal_context *context,
	    struct cy_bytes plain, uint8_t ret_nonce[static SEAL_NONCE_LEN]);
/* Open it, with the wrapped key of its case. CY_EDAMAGED: it does not open here. To be given back with seal_forget():
 * it may be personal data. At least a NUL stands behind it. */
int seal_open_text(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const struct seal_context *context,
		   struct cy_bytes wrapped, struct cy_bytes nonce, struct cy_bytes sealed, uint8_t **ret_plain,
		   size_t *ret_len);
void seal_forget(uint8_t *plain, size_t len); /* NULL is fine */

/* A new store keeps a sealed text by which it recognises its store key. seal_check() returns CY_OK, or CY_EDAMAGED if
 * the key is another one. */
int seal_check_new(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN],
		   uint8_t ret_check[static SEAL_WRAPPED_LEN]);
int seal_check(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], struct cy_bytes check);

#endif
