/* Names of certificates: an expected name, then the names of a certificate, each
 * a type, a length and its bytes. Only a name that is the same matches. */
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "config/tls_name.h"
#include "fuzz.h"
#include "io/gate/tls_names.h"

/* What the expected name is, as bytes. */
struct expected {
	int type;
	size_t len;
	uint8_t bytes[256];
};

static struct expected read_expected(const char *s)
{
	struct expected e = { .type = strncmp(s, "dns:", 4) == 0   ? GEN_DNS
				      : strncmp(s, "uri:", 4) == 0 ? GEN_URI
								   : GEN_IPADD };

	if (e.type == GEN_IPADD) {
		e.len = strchr(s, ':') != strrchr(s, ':') ? 16 : 4;
		CY_ASSERT(inet_pton(e.len == 16 ? AF_INET6 : AF_INET, s + 3, e.bytes) == 1);
	} else {
		e.len = strlen(s + 4);
		memcpy(e.bytes, s + 4, e.len);
	}
	return e;
}

static bool same(const struct expected *e, int type, struct cy_bytes b)
{
	if (type != e->type || b.len != e->len)
		return false;
	return type == GEN_DNS ? memchr(b.data, 0, b.len) == NULL &&
					 strncasecmp((const char *)e->bytes, (const char *)b.data, b.len) == 0
			       : memcmp(e->bytes, b.data, b.len) == 0;
}

static void add(GENERAL_NAMES *names, int type, struct cy_bytes b)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	CY_ASSERT(n != NULL && s != NULL && ASN1_STRING_set(s, b.len > 0 ? (const void *)b.data : "", (int)b.len) == 1);
	GENERAL_NAME_set0_value(n, type, s);
	CY_ASSERT(sk_GENERAL_NAME_push(names, n) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { GEN_DNS, GEN_URI, GEN_IPADD, GEN_EMAIL };
	static const char *const prefixes[] = { "dns:", "uri:", "ip:", "" };
	struct fuzz_in in = { data, size };
	uint8_t prefix = fuzz_u8(&in);
	struct cy_bytes text = fuzz_take(&in, fuzz_u8(&in));
	char name[272];
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *cert = X509_new();
	struct tls_names *expected;
	size_t peers[2];
	struct expected e;
	bool there = false;

	snprintf(name, sizeof name, "%s%.*s", prefixes[prefix % 4], (int)text.len, (const char *)text.data);
	CY_ASSERT(names != NULL && cert != NULL);
	if (tls_name_valid(name)) {
		e = read_expected(name);
		/* The subject is the expected name itself, and must not count. */
		X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, e.bytes, (int)e.len, -1, 0);
		while (in.left > 0) {
			int type = types[fuzz_u8(&in) % 4];
			struct cy_bytes b = fuzz_take(&in, fuzz_u8(&in));

			add(names, type, b);
			there = there || same(&e, type, b);
		}
		if (sk_GENERAL_NAME_num(names) > 0)
			CY_ASSERT(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1);
		expected = tls_names_new();
		tls_names_add(expected, name, 3);
		tls_names_add(expected, "dns:other.invalid", 4);
		tls_names_sort(expected);
		CY_ASSERT(tls_names_match(expected, cert, 3) == there);
		CY_ASSERT((tls_names_peers(expected, cert, peers, 2) > 0 && peers[0] == 3) == there);
		tls_names_free(expected);
	}
	GENERAL_NAMES_free(names);
	X509_free(cert);
	return 0;
}
