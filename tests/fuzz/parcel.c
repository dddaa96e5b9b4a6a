/* A signed text and its CMS signature: two bytes give the length of the text,
 * the rest is the signature. A text that reads is written the same; only what was
 * once signed with the keys of tests/fuzz/signed/ verifies, and these were thrown
 * away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "fuzz.h"
#include "io/signer/signer_pin.h"
#include "wire/manifest.h"

#define DIR "tests/fuzz/signed/"

static struct signer_pins *pins;
static char genuine[16][CY_SHA256_HEX];
static size_t n_genuine;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct signer_pin_source source = { .id = "IE", .anchors = DIR "ca.pem", .bundle = DIR "sign.pem" };
	struct cy_error e = { 0 };
	FILE *f = fopen(DIR "texts.sha256", "r");
	char line[256];

	(void)argc;
	(void)argv;
	if (f == NULL || signer_pins_new(&source, &pins, &e) < 0) {
		fprintf(stderr, "run this from the top of the repository; %s\n", e.text);
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL && n_genuine < sizeof genuine / sizeof genuine[0])
		snprintf(genuine[n_genuine++], sizeof genuine[0], "%.64s", line);
	fclose(f);
	return 0;
}

static bool was_signed(struct cy_bytes text)
{
	struct cy_digest d = cy_sha256(text);
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&d, hex);
	for (size_t i = 0; i < n_genuine; i++)
		if (strcmp(genuine[i], hex) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct cy_bytes text = fuzz_take(&in, fuzz_u64(&in, 2)), signature = cy_bytes(in.p, in.left);
	struct wire_text *t = calloc(1, sizeof *t);
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);
	struct cy_wall made = { INT64_C(1795514400000) };
	struct cy_error e = { 0 };

	CY_ASSERT(t != NULL);
	if (wire_text_read(text, t, &e) == CY_OK) {
		CY_ASSERT(wire_text_write(t, &out) == CY_OK && cy_bytes_equal(cy_buf_view(&out), text));
		made = t->made;
	} else {
		CY_ASSERT(e.text[0] != '\0');
	}
	if (signer_pins_verify(pins, text, signature, made, &e) == CY_OK)
		CY_ASSERT(was_signed(text));
	cy_buf_free(&out);
	free(t);
	return 0;
}
