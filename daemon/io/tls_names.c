#include "io/tls_names.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <string.h>

bool tls_name_valid(const char *s)
{
	unsigned char ip[16];

	if (strncmp(s, "ip:", 3) == 0)
		return inet_pton(AF_INET, s + 3, ip) == 1 || inet_pton(AF_INET6, s + 3, ip) == 1;
	/* To OpenSSL a name that begins with a dot is a pattern: any name below it. */
	if (strncmp(s, "dns:", 4) == 0)
		return s[4] && s[4] != '.';
	return strncmp(s, "uri:", 4) == 0 && s[4];
}

static bool uri_matches(X509 *leaf, const char *uri)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type == GEN_URI)
			found = (size_t)ASN1_STRING_length(n->d.uniformResourceIdentifier) == strlen(uri) &&
				memcmp(ASN1_STRING_get0_data(n->d.uniformResourceIdentifier), uri, strlen(uri)) == 0;
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool tls_name_matches(const char *s, X509 *leaf)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;

	return tls_name_valid(s) &&
	       ((strncmp(s, "dns:", 4) == 0 && X509_check_host(leaf, s + 4, 0, flags, NULL) == 1) ||
		(strncmp(s, "ip:", 3) == 0 && X509_check_ip_asc(leaf, s + 3, 0) == 1) ||
		(strncmp(s, "uri:", 4) == 0 && uri_matches(leaf, s + 4)));
}
