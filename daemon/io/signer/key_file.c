#include "io/signer/key_file.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>
#include <sys/stat.h>

#include "config/secret_file.h"
#include "io/signer/pem_file.h"
#include "io/signer/signer_pin.h"

static const char *path_of(const char *uri)
{
	return strncmp(uri, "file://", 7) == 0 ? uri + 7 : strncmp(uri, "file:", 5) == 0 ? uri + 5 : uri;
}

static int check_closed(const char *uri, struct cy_error *e)
{
	const char *path = path_of(uri);
	struct stat st;

	/* A URI is the token's business, and a file that does not exist is reported when it is read. */
	if (stat(path, &st) != 0 || secret_file_open_to(path, st.st_mode) == 0)
		return CY_OK;
	return cy_fail_at(e, CY_ECONFIG, uri,
			  "the key is open to others (mode %04o); only its owner may have access; run chmod 0600 %s, "
			  "and make a new key if somebody may have read it",
			  (unsigned)st.st_mode & 07777u, path);
}

int key_file_load(const char *uri, EVP_PKEY **ret_key, struct cy_error *e)
{
	OSSL_STORE_CTX *store;
	EVP_PKEY *key = NULL;
	int r = check_closed(uri, e);

	if (r < 0)
		return r;
	/* Without UI_null() OpenSSL would ask the terminal for a pass phrase. */
	store = OSSL_STORE_open(uri, UI_null(), NULL, NULL, NULL);
	if (store == NULL)
		return cy_fail_at(e, CY_ECONFIG, uri, "the key cannot be opened: %s", signer_reason());
	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (key == NULL && OSSL_STORE_eof(store) == 0) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL)
			break;
		key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	/* OpenSSL says no more than that it has found nothing. */
	if (key == NULL && (r = pem_file_check(path_of(uri), e)) < 0)
		return r;
	if (key == NULL)
		return cy_fail_at(e, CY_ECONFIG, uri,
				  "there is no private key that can be used without a pass phrase: %s",
				  signer_reason());
	ERR_clear_error();
	*ret_key = key;
	return CY_OK;
}
