#include "io/store/store_seal.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Each string goes in with its NUL, so that no two contexts give the same data. */
static bool add_context(EVP_CIPHER_CTX *ctx, const struct seal_context *context)
{
	const char *parts[] = { context->what, context->peer, context->case_id, context->message_id };
	int n;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		const char *part = parts[i] != NULL ? parts[i] : "";

		if (EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)part, (int)strlen(part) + 1) != 1)
			return false;
	}
	return true;
}

int seal_up(struct seal *s, const uint8_t key[static SEAL_KEY_LEN], const struct seal_context *context,
	    struct cy_bytes plain, uint8_t ret_nonce[static SEAL_NONCE_LEN])
{
	uint8_t nonce[SEAL_NONCE_LEN];
	int n = 0, last, r;

	if (plain.len > SEALED_MAX - SEAL_TAG_LEN)
		return CY_ELIMIT;
	s->out.len = 0;
	r = cy_buf_reserve(&s->out, plain.len + SEAL_TAG_LEN);
	if (r < 0)
		return r;
	if (RAND_bytes(nonce, sizeof nonce) != 1 || EVP_EncryptInit_ex2(s->ctx, s->cipher, key, nonce, NULL) != 1 ||
	    !add_context(s->ctx, context))
		return CY_ESTORE;
	if (plain.len > 0 && EVP_EncryptUpdate(s->ctx, s->out.data, &n, plain.data, (int)plain.len) != 1)
		return CY_ESTORE;
	if (EVP_EncryptFinal_ex(s->ctx, s->out.data + n, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN, s->out.data + plain.len) != 1)
		return CY_ESTORE;
	s->out.len = plain.len + SEAL_TAG_LEN;
	memcpy(ret_nonce, nonce, sizeof nonce);
	return CY_OK;
}

static int open_sealed(struct seal *s, const uint8_t key[static SEAL_KEY_LEN], const struct seal_context *context,
		       struct cy_bytes nonce, struct cy_bytes sealed, uint8_t *ret_plain)
{
	uint8_t tag[SEAL_TAG_LEN], none[1];
	size_t len = sealed.len - SEAL_TAG_LEN;
	int n = 0, last;

	if (nonce.len != SEAL_NONCE_LEN || sealed.len < SEAL_TAG_LEN || sealed.len > SEALED_MAX)
		return CY_EDAMAGED;
	memcpy(tag, sealed.data + len, sizeof tag);
	if (EVP_DecryptInit_ex2(s->ctx, s->cipher, key, nonce.data, NULL) != 1 || !add_context(s->ctx, context))
		return CY_ESTORE;
	if (len > 0 && EVP_DecryptUpdate(s->ctx, ret_plain, &n, sealed.data, (int)len) != 1)
		return CY_ESTORE;
	if (EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN, tag) != 1 ||
	    EVP_DecryptFinal_ex(s->ctx, none, &last) != 1) {
		if (len > 0)
			OPENSSL_cleanse(ret_plain, len);
		return CY_EDAMAGED;
	}
	return CY_OK;
}

/* -------------------------------------------------------------------- contexts */

struct seal_context seal_title(const char *peer, const char *case_id)
{
	return (struct seal_context){ .what = "title", .peer = peer, .case_id = case_id };
}

struct seal_context seal_content(const char *peer, const char *case_id, const char *message_id)
{
	return (struct seal_context){ .what = "payload", .peer = peer, .case_id = case_id, .message_id = message_id };
}

struct seal_context seal_custody(const char *peer, const char *case_id, const char *message_id, uint32_t attachment)
{
	struct seal_context context = { .peer = peer, .case_id = case_id, .message_id = message_id };

	snprintf(context.what, sizeof context.what, "custody %u", attachment);
	return context;
}

/* ------------------------------------------------------------------------ keys */

/* A key sealed under another one: nonce, ciphertext, tag. */
static int wrap(struct seal *s, const uint8_t key[static SEAL_KEY_LEN], const struct seal_context *context,
		const uint8_t inner[static SEAL_KEY_LEN], uint8_t ret_wrapped[static SEAL_WRAPPED_LEN])
{
	int r = seal_up(s, key, context, cy_bytes(inner, SEAL_KEY_LEN), ret_wrapped);

	if (r < 0)
		return r;
	memcpy(ret_wrapped + SEAL_NONCE_LEN, s->out.data, s->out.len);
	return CY_OK;
}

static int unwrap(struct seal *s, const uint8_t key[static SEAL_KEY_LEN], const struct seal_context *context,
		  struct cy_bytes wrapped, uint8_t ret_inner[static SEAL_KEY_LEN])
{
	if (wrapped.len != SEAL_WRAPPED_LEN)
		return CY_EDAMAGED;
	return open_sealed(s, key, context, cy_bytes(wrapped.data, SEAL_NONCE_LEN),
			   cy_bytes(wrapped.data + SEAL_NONCE_LEN, wrapped.len - SEAL_NONCE_LEN), ret_inner);
}

static struct seal_context key_context(const char *peer, const char *case_id)
{
	return (struct seal_context){ .what = "case key", .peer = peer, .case_id = case_id };
}

int seal_new_key(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const char *peer, const char *case_id,
		 uint8_t ret_key[static SEAL_KEY_LEN], uint8_t ret_wrapped[static SEAL_WRAPPED_LEN])
{
	const struct seal_context context = key_context(peer, case_id);

	if (RAND_bytes(ret_key, SEAL_KEY_LEN) != 1)
		return CY_ESTORE;
	return wrap(s, store_key, &context, ret_key, ret_wrapped);
}

int seal_open_key(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const char *peer, const char *case_id,
		  struct cy_bytes wrapped, uint8_t ret_key[static SEAL_KEY_LEN])
{
	const struct seal_context context = key_context(peer, case_id);

	return unwrap(s, store_key, &context, wrapped, ret_key);
}

int seal_open_text(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], const struct seal_context *context,
		   struct cy_bytes wrapped, struct cy_bytes nonce, struct cy_bytes sealed, uint8_t **ret_plain,
		   size_t *ret_len)
{
	uint8_t key[SEAL_KEY_LEN], *plain;
	int r;

	if (sealed.len < SEAL_TAG_LEN)
		return CY_EDAMAGED;
	/* Longer than the text by the tag: it ends with zeros. */
	plain = calloc(1, sealed.len);
	if (plain == NULL)
		return CY_ENOMEM;
	r = seal_open_key(s, store_key, context->peer, context->case_id, wrapped, key);
	if (r == CY_OK)
		r = open_sealed(s, key, context, nonce, sealed, plain);
	OPENSSL_cleanse(key, sizeof key);
	if (r < 0) {
		free(plain);
		return r;
	}
	*ret_plain = plain;
	*ret_len = sealed.len - SEAL_TAG_LEN;
	return CY_OK;
}

void seal_forget(uint8_t *plain, size_t len)
{
	if (plain != NULL)
		OPENSSL_cleanse(plain, len);
	free(plain);
}

static const struct seal_context check_context = { .what = "store key check" };
static const uint8_t check_text[SEAL_KEY_LEN] = "comity store key check";

int seal_check_new(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN],
		   uint8_t ret_check[static SEAL_WRAPPED_LEN])
{
	return wrap(s, store_key, &check_context, check_text, ret_check);
}

int seal_check(struct seal *s, const uint8_t store_key[static SEAL_KEY_LEN], struct cy_bytes check)
{
	uint8_t text[SEAL_KEY_LEN];
	const int r = unwrap(s, store_key, &check_context, check, text);

	return r == CY_OK && memcmp(text, check_text, sizeof text) != 0 ? CY_EDAMAGED : r;
}
