/* Attachments into the JSON that `submit` and `send` take. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comityctl/attach.h"
#include "comityctl/file.h"
#include "comityctl/input.h"
#include "wire/json.h"

#define JSON_MAX (4u * 1024u * 1024u)

/* Written anew it would lose its comments. */
static bool has_comments(const char *file)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f != NULL && !found && getline(&line, &room, f) > 0)
		found = strncmp(line + strspn(line, " \t"), "//", 2) == 0;
	free(line);
	if (f != NULL)
		fclose(f);
	return found;
}

static int load(const char *file, json_t **ret_root)
{
	struct cy_buf text;
	json_error_t e;
	json_t *root;
	int r;

	if (access(file, F_OK) < 0 && errno == ENOENT) {
		*ret_root = json_object();
		return CTL_DONE;
	}
	if (has_comments(file))
		return ctl_fail(
			CTL_BAD_FILE,
			"%s: it has comments, which would be lost; use --attach of 'comityctl submit' or 'send', "
			"or name another file",
			file);
	r = input_read(file, &text);
	if (r != CTL_DONE)
		return r;
	root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &e);
	cy_buf_free(&text);
	if (!json_is_object(root)) {
		json_decref(root);
		return ctl_fail(CTL_BAD_FILE, "%s: it is no JSON object, such as 'comityctl submit' or 'send' takes",
				file);
	}
	*ret_root = root;
	return CTL_DONE;
}

/* The list in what is said: the document itself, or the one kind in the content of a
 * submission. */
static json_t *list_of(const char *file, json_t *root)
{
	json_t *content = json_object_get(root, "content"), *list;
	const char *kind;
	json_t *value;

	if (content != NULL) {
		root = NULL;
		json_object_foreach(content, kind, value) root = json_is_object(value) ? value : root;
	}
	if (root == NULL) {
		ctl_fail(CTL_BAD_FILE, "%s: content: nothing is said in it that could have attachments", file);
		return NULL;
	}
	list = json_object_get(root, "attachments");
	if (list == NULL) {
		json_object_set_new(root, "attachments", json_array());
		list = json_object_get(root, "attachments");
	}
	if (!json_is_array(list)) {
		ctl_fail(CTL_BAD_FILE, "%s: attachments: a list is expected", file);
		return NULL;
	}
	return list;
}

static json_t *as_json(const CyAttachment *a)
{
	struct cy_buf b = CY_BUF(JSON_MAX);
	json_t *j;

	CY_ASSERT(wire_json_print_people(&a->base, 0, &b) == CY_OK);
	j = json_loadb((const char *)b.data, b.len, 0, NULL);
	cy_buf_free(&b);
	CY_ASSERT(j != NULL);
	return j;
}

int attach_write(const char *file, CyAttachment *const *list, size_t n)
{
	json_t *root = NULL, *to;
	char *text;
	int r = file_may_replace(file, "--output");

	if (r == CTL_DONE)
		r = load(file, &root);

	if (r != CTL_DONE)
		return r;
	to = list_of(file, root);
	for (size_t i = 0; to != NULL && i < n; i++)
		json_array_append_new(to, as_json(list[i]));
	text = to != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	if (text == NULL)
		return CTL_BAD_FILE;
	r = file_replace(file, "--output", cy_bytes(text, strlen(text)));
	free(text);
	return r;
}
