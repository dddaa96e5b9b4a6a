#include "config/tls_name.h"

#include <arpa/inet.h>
#include <string.h>

/* As a certificate writes it (RFC 5280, 4.2.1.6): letters, digits and hyphens, and no empty label. The root's, at the
 * end, is empty too; a name that begins with a dot looks like a pattern: any name below it. */
static bool is_dns(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*";

	if (strlen(s) > 253)
		return false;
	for (size_t len;; s += len + 1) {
		len = strspn(s, letters);
		if (len < 1 || len > 63 || (s[len] != '.' && s[len] != '\0'))
			return false;
		if (s[len] == '\0')
			return true;
	}
}

bool tls_name_valid(const char *s)
{
	unsigned char ip[16];

	if (strncmp(s, "ip:", 3) == 0)
		return inet_pton(AF_INET, s + 3, ip) == 1 || inet_pton(AF_INET6, s + 3, ip) == 1;
	if (strncmp(s, "dns:", 4) == 0)
		return is_dns(s + 4);
	return strncmp(s, "uri:", 4) == 0 && s[4];
}
