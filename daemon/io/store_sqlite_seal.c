/* Sealing of content with AES-256-GCM (NIST SP 800-38D): random 96-bit nonces,
 * far below 2^32 of them under any key. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "io/store_sqlite_internal.h"

/* A sealed text is a message or a title; the tag comes on top. */
#define SEALED_MAX (16u * 1024u * 1024u)

int seal_init(struct seal *s, const EVP_CIPHER *cipher)
{
	s->cipher = cipher;
	s->ctx = EVP_CIPHER_CTX_new();
	s->out = CY_BUF(SEALED_MAX);
	return s->ctx != NULL ? CY_OK : CY_ENOMEM;
}

void seal_free(struct seal *s)
{
	EVP_CIPHER_CTX_free(s->ctx);
	s->ctx = NULL;
	cy_buf_free(&s->out);
}

/* Each string goes in with its NUL, so that no two places give the same data. */
static bool add_aad(EVP_CIPHER_CTX *ctx, const struct seal_aad *aad)
{
	const char *parts[] = { aad->what, aad->peer, aad->case_id, aad->message_id };
	int n;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		const char *part = parts[i] != NULL ? parts[i] : "";

		if (EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)part, (int)strlen(part) + 1) != 1)
			return false;
	}
	return true;
}

int store_seal(struct seal *s, const uint8_t key[static STORE_KEY_LEN], const struct seal_aad *aad,
	       struct cy_bytes plain, uint8_t ret_nonce[static STORE_NONCE_LEN])
{
	uint8_t nonce[STORE_NONCE_LEN];
	int n = 0, last, r;

	if (plain.len > SEALED_MAX - STORE_TAG_LEN)
		return CY_ELIMIT;
	s->out.len = 0;
	r = cy_buf_reserve(&s->out, plain.len + STORE_TAG_LEN);
	if (r < 0)
		return r;
	if (RAND_bytes(nonce, sizeof nonce) != 1 || EVP_EncryptInit_ex2(s->ctx, s->cipher, key, nonce, NULL) != 1 ||
	    !add_aad(s->ctx, aad))
		return CY_ESTORE;
	if (plain.len > 0 && EVP_EncryptUpdate(s->ctx, s->out.data, &n, plain.data, (int)plain.len) != 1)
		return CY_ESTORE;
	if (EVP_EncryptFinal_ex(s->ctx, s->out.data + n, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, STORE_TAG_LEN, s->out.data + plain.len) != 1)
		return CY_ESTORE;
	s->out.len = plain.len + STORE_TAG_LEN;
	memcpy(ret_nonce, nonce, sizeof nonce);
	return CY_OK;
}

int store_unseal(struct seal *s, const uint8_t key[static STORE_KEY_LEN], const struct seal_aad *aad,
		 struct cy_bytes nonce, struct cy_bytes sealed, uint8_t *ret_plain)
{
	uint8_t tag[STORE_TAG_LEN], none[1];
	size_t len = sealed.len - STORE_TAG_LEN;
	int n = 0, last;

	if (nonce.len != STORE_NONCE_LEN || sealed.len < STORE_TAG_LEN || sealed.len > SEALED_MAX)
		return CY_EDAMAGED;
	memcpy(tag, sealed.data + len, sizeof tag);
	if (EVP_DecryptInit_ex2(s->ctx, s->cipher, key, nonce.data, NULL) != 1 || !add_aad(s->ctx, aad))
		return CY_ESTORE;
	if (len > 0 && EVP_DecryptUpdate(s->ctx, ret_plain, &n, sealed.data, (int)len) != 1)
		return CY_ESTORE;
	if (EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, STORE_TAG_LEN, tag) != 1 ||
	    EVP_DecryptFinal_ex(s->ctx, none, &last) != 1) {
		if (len > 0)
			OPENSSL_cleanse(ret_plain, len);
		return CY_EDAMAGED;
	}
	return CY_OK;
}

int store_wrap(struct seal *s, const uint8_t key[static STORE_KEY_LEN], const struct seal_aad *aad,
	       const uint8_t inner[static STORE_KEY_LEN], uint8_t ret_wrapped[static STORE_WRAPPED_LEN])
{
	int r = store_seal(s, key, aad, cy_bytes(inner, STORE_KEY_LEN), ret_wrapped);

	if (r < 0)
		return r;
	memcpy(ret_wrapped + STORE_NONCE_LEN, s->out.data, s->out.len);
	return CY_OK;
}

int store_unwrap(struct seal *s, const uint8_t key[static STORE_KEY_LEN], const struct seal_aad *aad,
		 struct cy_bytes wrapped, uint8_t ret_inner[static STORE_KEY_LEN])
{
	if (wrapped.len != STORE_WRAPPED_LEN)
		return CY_EDAMAGED;
	return store_unseal(s, key, aad, cy_bytes(wrapped.data, STORE_NONCE_LEN),
			    cy_bytes(wrapped.data + STORE_NONCE_LEN, wrapped.len - STORE_NONCE_LEN), ret_inner);
}
