#include "io/signer/signer_openssl.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/signer/key_file.h"
#include "io/signer/pem_file.h"
#include "io/signer/signer_pin.h"

struct pin_list {
	struct signer_pins **of; /* [0] is our own */
	size_t n;
};

/* Our own key, and whose signatures count. One snapshot: exchanged as a whole. */
struct signer_material {
	EVP_PKEY *key;
	X509 *certificate;
	const EVP_MD *digest;
	struct pin_list pins;
	struct cy_digest name; /* of the certificate */
	char *path;            /* of its file, for what there is to do */
};

struct job {
	struct job *next;
	uint64_t ticket;
	EVP_PKEY *key; /* references of its own: the material may be exchanged meanwhile */
	X509 *certificate;
	const EVP_MD *digest;
	int code;
	struct cy_buf signature;
	size_t len;
	uint8_t text[];
};

/* First in, first out. */
struct queue {
	struct job *first, **end;
};

struct signer_openssl {
	struct signer_material *material; /* main thread only */
	signer_signed_cb cb;
	void *ctx;
	int fd;
	size_t outstanding; /* main thread only */
	bool threaded;
	pthread_t worker;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t more;
	struct queue waiting, done;
	bool stop;
};

static void queue_add(struct queue *q, struct job *j)
{
	j->next = NULL;
	if (q->first == NULL)
		q->end = &q->first;
	*q->end = j;
	q->end = &j->next;
}

static struct job *queue_take(struct queue *q)
{
	struct job *j = q->first;

	if (j != NULL)
		q->first = j->next;
	return j;
}

static void job_free(struct job *j)
{
	cy_buf_free(&j->signature);
	EVP_PKEY_free(j->key);
	X509_free(j->certificate);
	free(j);
}

/* ------------------------------------------------------------------ signing */

static int encode(CMS_ContentInfo *cms, struct cy_buf *out)
{
	int len = i2d_CMS_ContentInfo(cms, NULL), code;
	unsigned char *at;

	if (len <= 0)
		return CY_ESIGN;
	if ((code = cy_buf_reserve(out, (size_t)len)) != CY_OK)
		return code;
	at = out->data;
	if (i2d_CMS_ContentInfo(cms, &at) != len)
		return CY_ESIGN;
	out->len = (size_t)len;
	return CY_OK;
}

static void sign_now(struct job *j)
{
	const unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | CMS_PARTIAL | CMS_CADES;
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	BIO *in = BIO_new_mem_buf(j->text, (int)j->len);

	j->code = CY_ESIGN;
	if (cms != NULL && in != NULL && CMS_add1_signer(cms, j->certificate, j->key, j->digest, flags) != NULL &&
	    CMS_final(cms, in, NULL, flags) == 1)
		j->code = encode(cms, &j->signature);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
}

static void ring(const struct signer_openssl *s)
{
	const uint64_t one = 1;

	/* It fails only when the counter is full, and then the reader knows already. */
	while (write(s->fd, &one, sizeof one) < 0 && errno == EINTR)
		continue;
}

static void *work(void *arg)
{
	struct signer_openssl *s = arg;

	pthread_setname_np(pthread_self(), "signer");
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		struct job *j = queue_take(&s->waiting);

		if (j == NULL) {
			pthread_cond_wait(&s->more, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		sign_now(j);
		pthread_mutex_lock(&s->lock);
		queue_add(&s->done, j);
		ring(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int port_sign(void *ctx, uint64_t ticket, struct cy_bytes text)
{
	struct signer_openssl *s = ctx;
	struct job *j;

	if (text.len > SIGNER_TEXT_MAX)
		return CY_ELIMIT;
	if (s->outstanding == SIGNER_QUEUE_MAX)
		return CY_EAGAIN;
	j = calloc(1, sizeof *j + text.len);
	if (j == NULL)
		return CY_ENOMEM;
	j->ticket = ticket;
	j->signature = CY_BUF(CY_SIGNATURE_MAX);
	j->len = text.len;
	if (text.len > 0)
		memcpy(j->text, text.data, text.len);
	EVP_PKEY_up_ref(s->material->key);
	X509_up_ref(s->material->certificate);
	j->key = s->material->key;
	j->certificate = s->material->certificate;
	j->digest = s->material->digest;
	s->outstanding++;

	pthread_mutex_lock(&s->lock);
	queue_add(&s->waiting, j);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (!s->threaded)
		ring(s);
	return CY_OK;
}

int signer_openssl_fd(const struct signer_openssl *s)
{
	return s->fd;
}

void signer_openssl_dispatch(struct signer_openssl *s)
{
	struct queue batch;
	struct job *j;
	uint64_t rung;

	while (read(s->fd, &rung, sizeof rung) < 0 && errno == EINTR)
		continue;
	/* A batch, not the queue: the callback may sign again. */
	pthread_mutex_lock(&s->lock);
	batch = s->threaded ? s->done : s->waiting;
	if (s->threaded)
		s->done.first = NULL;
	else
		s->waiting.first = NULL;
	pthread_mutex_unlock(&s->lock);

	while ((j = queue_take(&batch)) != NULL) {
		if (!s->threaded)
			sign_now(j);
		s->outstanding--;
		s->cb(s->ctx, j->ticket, j->code, j->code == CY_OK ? cy_buf_view(&j->signature) : cy_bytes(NULL, 0));
		job_free(j);
	}
}

/* ---------------------------------------------------------------- verifying */

static int port_verify(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
		       struct cy_wall made, struct cy_error *e)
{
	const struct pin_list *pins = &((struct signer_openssl *)ctx)->material->pins;

	for (size_t i = 0; i < pins->n; i++) {
		if (strcmp(signer_pins_id(pins->of[i]), authority) == 0)
			return signer_pins_verify(pins->of[i], text, signature, made, e);
	}
	return cy_fail(e, CY_ESIGN, "no signing certificate is pinned for this authority");
}

/* The CA's key lies elsewhere, so the folder of the certificate is none of comity-pki's. */
#define RENEW_IT                                                                                                       \
	"renew it where our CA is kept (comity-pki renew DIR sign), hand it to the peers, and put it in the place of " \
	"this one"

static int port_may_sign(void *ctx, struct cy_wall at, struct cy_digest *ret_certificate, struct cy_error *e)
{
	const struct signer_material *m = ((struct signer_openssl *)ctx)->material;
	struct cy_error why = { 0 };
	const int r = signer_pins_may_sign(m->pins.of[0], at, &why);

	*ret_certificate = m->name;
	if (r == CY_OK)
		return CY_OK;
	if (r == CY_EAGAIN)
		return cy_fail_at(e, CY_ESIGN, m->path, "%s; wait, or correct the clock", why.text);
	return cy_fail_at(e, CY_ESIGN, m->path, "%s; " RENEW_IT, why.text);
}

static int port_stands(void *ctx, struct cy_bytes signature, struct cy_wall made, bool *ret_present, struct cy_error *e)
{
	const struct signer_material *m = ((struct signer_openssl *)ctx)->material;

	return signer_pins_stand(m->pins.of[0], signature, made, ret_present, e);
}

static void pin_list_free(struct pin_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		signer_pins_free(l->of[i]);
	free(l->of);
	*l = (struct pin_list){ 0 };
}

static struct signer_pins *pins_before(const struct signer_config *c, const char *id)
{
	const struct pin_list *l = c->before != NULL ? &c->before->material->pins : NULL;

	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (strcmp(signer_pins_id(l->of[i]), id) == 0)
			return l->of[i];
	return NULL;
}

/* Adds those of one authority to the list. `fault`: where its own fault goes, or NULL. */
static int pin_list_add(struct pin_list *l, const struct signer_config *c, const struct signer_pin_source *source,
			struct cy_error *fault, struct cy_error *e)
{
	struct signer_pins *pins = NULL;
	int code = fault != NULL ? fault->code : CY_OK;

	if (code == CY_OK)
		code = signer_pins_new(source, &pins, fault != NULL ? fault : e);
	if (code != CY_OK && fault == NULL)
		return code;
	if (code != CY_OK && (pins = pins_before(c, source->id)) != NULL)
		signer_pins_ref(pins);
	if (pins != NULL)
		l->of[l->n++] = pins;
	return CY_OK;
}

static int pin_list_load(const struct signer_config *c, X509 *own, struct pin_list *ret_list, struct cy_error *e)
{
	struct pin_list l = { .of = calloc(c->n_peers + 1, sizeof *l.of) };
	const struct signer_pin_source self = { .id = c->id,
						.anchors = c->own_anchors,
						.crl = c->own_crl,
						.bundle = c->own_bundle,
						.also = own,
						.own = true };
	int code;

	if (l.of == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for the pinned certificates");
	code = pin_list_add(&l, c, &self, c->before != NULL ? c->own_fault : NULL, e);
	for (size_t i = 0; code == CY_OK && i < c->n_peers; i++) {
		const struct signer_peer *p = &c->peers[i];
		const struct signer_pin_source source = {
			.id = p->id, .anchors = p->anchors, .crl = p->crl, .bundle = p->signing
		};

		code = pin_list_add(&l, c, &source, p->fault, e);
	}
	if (code != CY_OK) {
		pin_list_free(&l);
		return code;
	}
	*ret_list = l;
	return CY_OK;
}

/* ------------------------------------------------------------------ loading */

static int load_certificate(const char *path, X509 **ret_cert, struct cy_error *e)
{
	const int code = pem_file_check(path, e);
	BIO *in = code != CY_OK ? NULL : BIO_new_file(path, "r");
	X509 *cert = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);

	BIO_free(in);
	if (code != CY_OK)
		return code;
	if (cert == NULL)
		return cy_fail_at(e, CY_ECONFIG, path,
				  "the signing certificate cannot be read: %s; a PEM certificate is expected, "
				  "such as comity-pki makes it",
				  signer_reason());
	*ret_cert = cert;
	return CY_OK;
}

static int check_validity(const struct signer_config *c, const X509 *cert, struct cy_error *e)
{
	const struct cy_wall from = signer_time(X509_get0_notBefore(cert)),
			     until = signer_time(X509_get0_notAfter(cert));
	char when[CY_RFC3339_SIZE];

	if (c->any_time)
		return CY_OK;
	if (c->now.ms > until.ms) {
		cy_rfc3339(until, when);
		return cy_fail_at(e, CY_ECONFIG, c->certificate,
				  "the signing certificate expired at %s, and nobody would accept it; " RENEW_IT, when);
	}
	if (c->now.ms < from.ms) {
		cy_rfc3339(from, when);
		return cy_fail_at(e, CY_ECONFIG, c->certificate,
				  "the signing certificate is not valid before %s; wait, or correct the clock", when);
	}
	return CY_OK;
}

static int load_key(struct signer_material *s, const struct signer_config *c, struct cy_error *e)
{
	const int code = key_file_load(c->key, &s->key, e);

	if (code != CY_OK)
		return code;
	s->digest = signer_key_digest(s->key);
	if (s->digest == NULL)
		return cy_fail_at(e, CY_ECONFIG, c->key,
				  "the signing key is %s; EC P-256 or P-384 is expected: make one with comity-pki "
				  "renew DIR sign --new-key",
				  EVP_PKEY_is_a(s->key, "EC") == 1 ? "on another curve" : "not an EC key");
	if (X509_check_private_key(s->certificate, s->key) != 1)
		return cy_fail_at(e, CY_ECONFIG, c->key,
				  "the key does not belong to the certificate %s: %s; name the pair that was made "
				  "together",
				  c->certificate, signer_reason());
	return CY_OK;
}

static int load_identity(struct signer_material *s, const struct signer_config *c, struct cy_error *e)
{
	int code;

	if ((code = load_certificate(c->certificate, &s->certificate, e)) != CY_OK ||
	    (c->key != NULL && (code = load_key(s, c, e)) != CY_OK))
		return code;
	if (X509_check_purpose(s->certificate, X509_PURPOSE_SMIME_SIGN, 0) != 1)
		return cy_fail_at(e, CY_ECONFIG, c->certificate,
				  "the certificate may not be used to sign; name sign.pem, not that of the CA or of "
				  "TLS");
	s->path = strdup(c->certificate);
	if (s->path == NULL || X509_digest(s->certificate, EVP_sha256(), s->name.b, NULL) != 1)
		return cy_fail(e, CY_ENOMEM, "no memory for the signing certificate");
	return check_validity(c, s->certificate, e);
}

/* As long as the new key and certificate cannot be used, those of before sign. */
static void keep_before(struct signer_material *m, const struct signer_material *old)
{
	EVP_PKEY_free(m->key);
	X509_free(m->certificate);
	free(m->path);
	m->path = strdup(old->path);
	CY_ASSERT(m->path != NULL);
	m->name = old->name;
	EVP_PKEY_up_ref(old->key);
	X509_up_ref(old->certificate);
	m->key = old->key;
	m->certificate = old->certificate;
	m->digest = old->digest;
}

/* Ours and those of all others. What we sign with is what we judge ourselves by: where our own
 * list or bundle cannot be used, a certificate that came with it is not either. */
static int load_all(struct signer_material *m, const struct signer_config *c, struct cy_error *e)
{
	struct cy_error *fault = c->before != NULL ? c->own_fault : NULL;
	const struct signer_material *old = fault != NULL ? c->before->material : NULL;
	int code = load_identity(m, c, fault != NULL ? fault : e);

	if (code != CY_OK && old == NULL)
		return code;
	if (code != CY_OK)
		keep_before(m, old);
	code = pin_list_load(c, m->certificate, &m->pins, e);
	if (code == CY_OK && old != NULL && fault->code != CY_OK)
		keep_before(m, old);
	return code;
}

int signer_prepare(const struct signer_config *config, struct signer_material **ret_material, struct cy_error *e)
{
	struct signer_material *m = calloc(1, sizeof *m);
	int code;

	ERR_clear_error();
	if (m == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for the signer");
	code = load_all(m, config, e);
	ERR_clear_error();
	if (code != CY_OK) {
		signer_material_free(m);
		return code;
	}
	*ret_material = m;
	return CY_OK;
}

void signer_material_free(struct signer_material *m)
{
	if (m == NULL)
		return;
	pin_list_free(&m->pins);
	EVP_PKEY_free(m->key);
	X509_free(m->certificate);
	free(m->path);
	free(m);
}

void signer_openssl_apply(struct signer_openssl *s, struct signer_material *m)
{
	signer_material_free(s->material);
	s->material = m;
}

static int start_worker(struct signer_openssl *s, struct cy_error *e)
{
	int failed;

	if (!s->threaded)
		return CY_OK;
	failed = pthread_create(&s->worker, NULL, work, s);
	if (failed != 0) {
		s->threaded = false;
		return cy_fail(e, CY_ENOMEM, "the signer's thread cannot be started: %s", strerror(failed));
	}
	return CY_OK;
}

int signer_openssl_new(const struct signer_config *config, signer_signed_cb cb, void *ctx,
		       struct signer_openssl **ret_signer, struct signer_port *ret_port, struct cy_error *e)
{
	struct signer_openssl *s = calloc(1, sizeof *s);
	int code;

	ERR_clear_error();
	if (s == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for the signer");
	s->cb = cb;
	s->ctx = ctx;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->fd < 0)
		code = cy_fail(e, CY_EIO, "no event descriptor for the signer: %s", strerror(errno));
	else if ((code = signer_prepare(config, &s->material, e)) == CY_OK) {
		s->threaded = config->threaded;
		code = start_worker(s, e);
	}
	ERR_clear_error();
	if (code != CY_OK) {
		signer_openssl_free(s);
		return code;
	}
	*ret_signer = s;
	*ret_port = (struct signer_port){
		.ctx = s, .sign = port_sign, .verify = port_verify, .may_sign = port_may_sign, .stands = port_stands
	};
	return CY_OK;
}

void signer_openssl_free(struct signer_openssl *s)
{
	struct job *j;

	if (s == NULL)
		return;
	if (s->threaded) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->more);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->worker, NULL);
	}
	while ((j = queue_take(&s->waiting)) != NULL || (j = queue_take(&s->done)) != NULL)
		job_free(j);
	signer_material_free(s->material);
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct cy_wall signer_openssl_expiry(const struct signer_openssl *s)
{
	return signer_time(X509_get0_notAfter(s->material->certificate));
}

struct cy_wall signer_material_crl_due(const struct signer_material *m, const char **ret_file)
{
	return signer_pins_crl_due(m->pins.of[0], ret_file);
}

struct cy_wall signer_openssl_crl_due(const struct signer_openssl *s, const char **ret_file)
{
	return signer_material_crl_due(s->material, ret_file);
}
