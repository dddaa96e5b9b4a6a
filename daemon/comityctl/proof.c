#include "comityctl/proof.h"

#include "base/error.h"

static void verify(const char *indent, const char *name, struct cy_buf *out)
{
	CY_ASSERT(cy_buf_addf(out,
			      "%sopenssl cms -verify -binary -inform DER -in %s.p7s -content %s \\\n"
			      "%s    -CAfile ANCHORS.pem -purpose smimesign -out /dev/null\n",
			      indent, name, name, indent) == CY_OK);
}

void proof_commands(const char *indent, bool receipt, struct cy_buf *out)
{
	CY_ASSERT(cy_buf_addf(out, "%ssha256sum --check --ignore-missing manifest\n", indent) == CY_OK);
	verify(indent, "manifest", out);
	if (!receipt)
		return;
	verify(indent, "receipt", out);
	CY_ASSERT(cy_buf_addf(out,
			      "%ssha256sum --check --ignore-missing receipt\n"
			      "%s# The receipt is for this manifest:\n"
			      "%sgrep \"^# parcel $(sha256sum < manifest | cut -d ' ' -f 1)\" receipt\n",
			      indent, indent, indent) == CY_OK);
}
