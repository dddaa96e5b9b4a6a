#include "io/signer/signer_cms.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <string.h>

#define CERTIFICATES 0 /* the context-specific tags of RFC 5652, 3 and 5.1 */
#define CONTENT      0

struct value {
	struct cy_bytes whole, content;
	int tag, class;
};

/* The first value of `in`, which then begins behind it. */
static bool take(struct cy_bytes *in, struct value *v)
{
	const unsigned char *at = in->data;
	long len;
	const int form = in->len == 0 ? 0x80 : ASN1_get_object(&at, &len, &v->tag, &v->class, (long)in->len);

	if ((form & 0x80) != 0) {
		ERR_clear_error();
		return false;
	}
	v->content = cy_bytes(at, (size_t)len);
	v->whole = cy_bytes(in->data, (size_t)(at - in->data) + v->content.len);
	*in = cy_bytes(in->data + v->whole.len, in->len - v->whole.len);
	return true;
}

static bool is(const struct value *v, int class, int tag)
{
	return v->class == class && v->tag == tag;
}

/* `in` is one constructed value, and nothing follows. */
static bool only(struct cy_bytes in, int class, int tag, struct cy_bytes *ret_content)
{
	struct value v;

	if (!take(&in, &v) || in.len != 0 || !is(&v, class, tag))
		return false;
	*ret_content = v.content;
	return true;
}

/* The contents of SignedData before and behind its field `certificates`, and that field's. */
static bool split(struct cy_bytes data, struct cy_bytes *ret_before, struct cy_bytes *ret_certificates,
		  struct cy_bytes *ret_behind)
{
	struct cy_bytes left = data;
	struct value v;

	/* version, digestAlgorithms, encapContentInfo */
	for (size_t i = 0; i < 3; i++)
		if (!take(&left, &v))
			return false;
	*ret_before = cy_bytes(data.data, data.len - left.len);
	if (!take(&left, &v) || !is(&v, V_ASN1_CONTEXT_SPECIFIC, CERTIFICATES))
		return false;
	*ret_certificates = v.content;
	*ret_behind = left;
	return true;
}

bool signer_cms_bare(struct cy_bytes der, uint8_t out[static CY_SIGNATURE_MAX], struct cy_bytes *ret_certificate,
		     struct cy_bytes *ret_bare)
{
	struct cy_bytes info, data, certificates, before, behind;
	struct value type, certificate;
	unsigned char *at = out;
	int len, tagged, whole;

	if (der.len > CY_SIGNATURE_MAX || !only(der, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) || !take(&info, &type) ||
	    !is(&type, V_ASN1_UNIVERSAL, V_ASN1_OBJECT) || !only(info, V_ASN1_CONTEXT_SPECIFIC, CONTENT, &data) ||
	    !only(data, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &data) || !split(data, &before, &certificates, &behind) ||
	    !take(&certificates, &certificate) || certificates.len != 0)
		return false;
	len = (int)(before.len + behind.len);
	tagged = ASN1_object_size(1, len, V_ASN1_SEQUENCE);
	whole = (int)type.whole.len + ASN1_object_size(1, tagged, CONTENT);
	ASN1_put_object(&at, 1, whole, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(at, type.whole.data, type.whole.len);
	at += type.whole.len;
	ASN1_put_object(&at, 1, tagged, CONTENT, V_ASN1_CONTEXT_SPECIFIC);
	ASN1_put_object(&at, 1, len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(at, before.data, before.len);
	at += before.len;
	memcpy(at, behind.data, behind.len);
	at += behind.len;
	*ret_certificate = certificate.whole;
	*ret_bare = cy_bytes(out, (size_t)(at - out));
	return true;
}
