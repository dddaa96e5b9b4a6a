/* The section escalation: the site's ladder, its command, and who plays which role. */
#include "config/config_escalation.h"

#include <stdio.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/ladder_confuse.h"

#define ADDRESS_MAX 256

static void load_hook(const struct config_sec *s, struct config *c)
{
	const struct config_text *t = config_given(s, "hook");
	const char *path = t != NULL ? config_path(s, "hook", t) : NULL;
	struct stat st;

	c->hook_timeout_ms = config_duration(s, "hook_timeout", SECOND, 30 * SECOND, SECOND, HOUR);
	if (path == NULL)
		return;
	if (stat(path, &st) != 0)
		config_wrong(s, "hook", t->line, "%s: %s; an executable file is expected; correct the path", path,
			     strerror(errno));
	else if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		config_wrong(
			s, "hook", t->line,
			"%s is not an executable file; a program is expected, it is run without a shell; run chmod +x "
			"%s, or name another",
			path, path);
	c->hook = path;
}

void config_roles(const struct config_sec *s, const char *peer, struct config *c)
{
	for (unsigned i = 0; i < cfg_size(s->cfg, "role"); i++) {
		struct config_sec role = { .l = s->l, .cfg = cfg_getnsec(s->cfg, "role", i) };
		const char *name = cfg_title(role.cfg);
		const struct config_text *t;

		snprintf(role.label, sizeof role.label, "%.40s.role %.30s", s->label, name);
		t = config_required(&role, "address",
				    "an address that the hook understands, such as an e-mail address,");
		if (!cy_name_valid(name, CY_CLOCK_MAX))
			config_wrong(&role, NULL, role.cfg->line,
				     "'%s' is not a role; 1 to %u printable characters are expected; correct it", name,
				     CY_CLOCK_MAX);
		else if (t != NULL && (t->text[0] == '\0' || strlen(t->text) > ADDRESS_MAX ||
				       !cy_utf8_valid(t->text, strlen(t->text))))
			config_wrong(&role, "address", t->line,
				     "it is empty, too long or not UTF-8; 1 to %d bytes are expected; correct it",
				     ADDRESS_MAX);
		else if (t != NULL && c->n_roles < CONFIG_ROLES_MAX)
			c->roles[c->n_roles++] = (struct node_role){ .name = config_keep(s, name),
								     .peer = peer,
								     .address = config_keep(s, t->text) };
		else if (t != NULL)
			config_wrong(&role, NULL, role.cfg->line, "there are more than %d roles; remove some",
				     CONFIG_ROLES_MAX);
	}
}

void config_escalation(struct config_load *l, cfg_t *root)
{
	const struct config_sec s = config_section(l, root, "escalation");

	load_hook(&s, l->c);
	config_roles(&s, "", l->c);
	if (cfg_size(s.cfg, "rung") > 0)
		l->c->ladder = ladder_of(&s, "site");
}
