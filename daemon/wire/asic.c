#include "wire/asic.h"

#include <string.h>

#include "base/error.h"
#include "wire/base64.h"

static bool is_part(const char *s, size_t len)
{
	if (len == 0 || s[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((s[i] < 'a' || s[i] > 'z') && (s[i] < 'A' || s[i] > 'Z') && (s[i] < '0' || s[i] > '9') &&
		    strchr("._-", s[i]) == NULL)
			return false;
	return true;
}

bool asic_name_valid(const char *name)
{
	const char *slash;

	if (strlen(name) > ASIC_NAME_MAX)
		return false;
	for (; (slash = strchr(name, '/')) != NULL; name = slash + 1)
		if (!is_part(name, (size_t)(slash - name)))
			return false;
	return is_part(name, strlen(name));
}

/* By the end of its name; what people open with a browser has a type of its own. */
static const char *media_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = { { ".html", "text/html" },
		      { ".json", "application/json" },
		      { ".p7s", "application/pkcs7-signature" },
		      { ".pem", "application/x-pem-file" },
		      { ".txt", "text/plain" },
		      { "/manifest", "text/plain" },
		      { "/receipt", "text/plain" } };
	const size_t len = strlen(name);

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const size_t n = strlen(types[i].end);

		if (len > n && strcmp(name + len - n, types[i].end) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static int add_file(const struct asic_file *f, struct cy_buf *out)
{
	int r = cy_buf_addf(out,
			    "  <asic:DataObjectReference URI=\"%s\" MimeType=\"%s\">\n"
			    "    <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n"
			    "    <ds:DigestValue>",
			    f->name, media_type(f->name));

	if (r == CY_OK)
		r = wire_base64(cy_bytes(f->sha256.b, sizeof f->sha256.b), out);
	if (r == CY_OK)
		r = cy_buf_addf(out, "</ds:DigestValue>\n  </asic:DataObjectReference>\n");
	return r;
}

int asic_manifest(const struct asic_file *files, size_t n, struct cy_buf *out)
{
	int r = cy_buf_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				 "<asic:ASiCManifest xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" "
				 "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n"
				 "  <asic:SigReference URI=\"" ASIC_SIGNATURE
				 "\" MimeType=\"application/pkcs7-signature\"/>\n");

	for (size_t i = 0; r == CY_OK && i < n; i++)
		r = add_file(&files[i], out);
	if (r == CY_OK)
		r = cy_buf_addf(out, "</asic:ASiCManifest>\n");
	return r;
}
