#include "comityd/facts.h"

#include "comityd/faults.h"

#include <dirent.h>
#include <sys/resource.h>

static void count_descriptors(struct node_facts *ret_facts)
{
	DIR *d = opendir("/proc/self/fd");
	struct rlimit limit;

	if (d != NULL) {
		for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
			ret_facts->descriptors += e->d_name[0] != '.';
		ret_facts->descriptors--; /* that of the directory */
		closedir(d);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		ret_facts->descriptor_limit = limit.rlim_cur < UINT32_MAX ? (uint32_t)limit.rlim_cur : UINT32_MAX;
}

static void own(void *ctx, struct node_facts *ret_facts)
{
	const struct facts *f = ctx;

	store_sqlite_facts(f->store, ret_facts);
	count_descriptors(ret_facts);
	ret_facts->tls_end = link_certificate_end(f->link);
	ret_facts->signing_end = signer_openssl_expiry(f->signer);
	ret_facts->crl_due = signer_openssl_crl_due(f->signer, NULL);
	ret_facts->trust_fault = faults_find(f->faults, "");
	ret_facts->law_fault = f->faults->legal_data;
	ret_facts->config_fault = f->faults->config;
}

static void peer(void *ctx, const char *id, struct node_peer_facts *ret_facts)
{
	const struct facts *f = ctx;

	link_peer_facts(f->link, id, ret_facts);
	ret_facts->fault = faults_find(f->faults, id);
}

struct facts_port facts_port(struct facts *f)
{
	return (struct facts_port){ f, own, peer };
}
