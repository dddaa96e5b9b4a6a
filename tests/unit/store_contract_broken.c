#include "store_contract_broken.h"

#include <ctype.h>

#include "../rig/store_mem.h"

static const struct store_impl *sound;
static const struct store_broken *broken;
static struct contract *held;
static struct store_port whole; /* of the sound one */

/* -------------------------------------------------------------------- writing */

static int commit_at_once(void *ctx, struct store_writeset *w)
{
	const int r = whole.commit(ctx, w);

	if (r == CY_OK)
		sound->work(ctx);
	return r;
}

static void tells_at_once(struct store_port *port)
{
	port->commit = commit_at_once;
}

static void told_before(struct contract *t, void *store)
{
	(void)t, (void)store;
}

static void work_twice(struct contract *t, void *store)
{
	sound->work(store);
	committed(t, t->code, t->why);
}

static int commit_or_drop(void *ctx, struct store_writeset *w)
{
	if (whole.commit(ctx, w) == CY_EAGAIN) {
		store_writeset_free(w);
		free(w);
	}
	return CY_OK;
}

static void takes_two(struct store_port *port)
{
	port->commit = commit_or_drop;
}

static struct store_write first;

static int commit_and_note(void *ctx, struct store_writeset *w)
{
	first = *w->first;
	return whole.commit(ctx, w);
}

static void notes_the_first(struct store_port *port)
{
	port->commit = commit_and_note;
}

static void keep_the_first(struct contract *t, void *store)
{
	struct store_writeset *w;
	struct store_write *again;
	struct contract before;

	sound->work(store);
	if (t->code == CY_OK)
		return;
	before = *t;
	w = calloc(1, sizeof *w);
	assert_non_null(w);
	again = store_add(w, first.op);
	*again = first;
	again->next = NULL;
	assert_int_equal(whole.commit(store, w), CY_OK);
	sound->work(store);
	*t = before;
}

static void forget_the_last(void *store)
{
	struct mem_store *s = store;

	if (s->n_log > 0)
		mem_store_restore(s, s->n_log - 1);
}

/* -------------------------------------------------------------------- reading */

static int find_folded(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg)
{
	int r = whole.find_case(ctx, view, ref, fn, arg);
	char folded[64];
	size_t i = 0;

	if (r != CY_ENOENT)
		return r;
	for (; ref[i] != '\0' && i < sizeof folded - 1; i++)
		folded[i] = (char)tolower((unsigned char)ref[i]);
	folded[i] = '\0';
	return whole.find_case(ctx, view, folded, fn, arg);
}

static void folds_references(struct store_port *port)
{
	port->find_case = find_folded;
}

struct some_cursors {
	struct store_cursor at[16];
	size_t n;
};

static int keep_cursor(void *arg, const struct store_cursor *row)
{
	struct some_cursors *c = arg;

	c->at[c->n++] = *row;
	return CY_OK;
}

static int without_capitals(const void *a, const void *b)
{
	return strcasecmp(((const struct store_cursor *)a)->name, ((const struct store_cursor *)b)->name);
}

static int cursors_as_in_a_dictionary(void *ctx, store_cursor_fn *fn, void *arg)
{
	struct some_cursors c = { .n = 0 };
	int r = whole.cursors(ctx, keep_cursor, &c);

	qsort(c.at, c.n, sizeof c.at[0], without_capitals);
	for (size_t i = 0; i < c.n && r >= 0; i++)
		r = fn(arg, &c.at[i]);
	return r;
}

static void sorts_as_a_dictionary(struct store_port *port)
{
	port->cursors = cursors_as_in_a_dictionary;
}

static int list_of_all(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		       uint32_t limit, store_case_fn *fn, void *arg)
{
	view.client = NULL;
	return whole.list_cases(ctx, view, peer, open_only, after, limit, fn, arg);
}

static void shows_all(struct store_port *port)
{
	port->list_cases = list_of_all;
}

static int events_of_all(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn,
			 void *arg)
{
	view.client = NULL;
	return whole.events(ctx, view, after, limit, fn, arg);
}

static void tells_all(struct store_port *port)
{
	port->events = events_of_all;
}

static int reference_of_any(void *ctx, struct store_view view, const char *reference, const char *peer,
			    const char *except, store_case_fn *fn, void *arg)
{
	(void)peer;
	return whole.find_reference(ctx, view, reference, "", except, fn, arg);
}

static void takes_any_peer(struct store_port *port)
{
	port->find_reference = reference_of_any;
}

static int messages_from_the_first(void *ctx, const char *peer, const char *case_id, uint32_t after,
				   store_message_fn *fn, void *arg)
{
	(void)after;
	return whole.peer_messages(ctx, peer, case_id, 0, fn, arg);
}

static void begins_anew(struct store_port *port)
{
	port->peer_messages = messages_from_the_first;
}

static int one_event_more(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn,
			  void *arg)
{
	return whole.events(ctx, view, after, limit + 1, fn, arg);
}

static void gives_one_more(struct store_port *port)
{
	port->events = one_event_more;
}

static store_event_fn *deaf_to;

static int call_and_go_on(void *arg, const struct store_event *row)
{
	(void)deaf_to(arg, row);
	return CY_OK;
}

static int all_events(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn, void *arg)
{
	deaf_to = fn;
	return whole.events(ctx, view, after, limit, call_and_go_on, arg);
}

static void goes_on(struct store_port *port)
{
	port->events = all_events;
}

static bool reading;

static int list_alone(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		      uint32_t limit, store_case_fn *fn, void *arg)
{
	int r;

	if (reading)
		return CY_ESTORE;
	reading = true;
	r = whole.list_cases(ctx, view, peer, open_only, after, limit, fn, arg);
	reading = false;
	return r;
}

static void reads_once(struct store_port *port)
{
	port->list_cases = list_alone;
}

static char lent[64];
static store_message_fn *lent_to;

static int lend(void *arg, const struct store_message *row)
{
	struct store_message m = *row;

	snprintf(lent, sizeof lent, "%s", row->id);
	m.id = lent;
	return lent_to(arg, &m);
}

static int get_lent(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	lent_to = fn;
	return whole.get_message(ctx, id, lend, arg);
}

static void lends_one_row(struct store_port *port)
{
	port->get_message = get_lent;
}

static int get_or_not(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	const int r = whole.get_message(ctx, id, fn, arg);

	return r == CY_ENOENT ? CY_OK : r;
}

static void hides_what_is_missing(struct store_port *port)
{
	port->get_message = get_or_not;
}

static store_upload_fn *also_to;

static int as_upload(void *arg, const struct store_leftover *row)
{
	return also_to(arg, &(struct store_upload){
				    .client = "", .sha256 = row->sha256, .root = row->root, .size = row->size });
}

static int uploads_and_leftovers(void *ctx, const struct cy_digest *sha256, struct cy_wall from, struct cy_wall before,
				 uint32_t limit, store_upload_fn *fn, void *arg)
{
	int r = whole.uploads(ctx, sha256, from, before, limit, fn, arg);

	also_to = fn;
	return r < 0 || sha256 != NULL ? r : whole.discarded(ctx, limit, as_upload, arg);
}

static void mixes_leftovers_in(struct store_port *port)
{
	port->uploads = uploads_and_leftovers;
}

/* ----------------------------------------------------------------------- the list */

const struct store_broken stores_broken[] = {
	{ "tells of a commit from inside commit()", tells_at_once, told_before, NULL },
	{ "tells of a commit twice", NULL, work_twice, NULL },
	{ "takes a second write-set while one is in flight", takes_two, NULL, NULL },
	{ "keeps the first write of a write-set that it refuses", notes_the_first, keep_the_first, NULL },
	{ "forgets the last commit when it starts again", NULL, NULL, forget_the_last },
	{ "finds a reference by other letters", folds_references, NULL, NULL },
	{ "sorts names as a dictionary does", sorts_as_a_dictionary, NULL, NULL },
	{ "shows a client the cases of others", shows_all, NULL, NULL },
	{ "tells a client the events of others", tells_all, NULL, NULL },
	{ "finds a reference with another peer", takes_any_peer, NULL, NULL },
	{ "gives messages of a peer from the first one", begins_anew, NULL, NULL },
	{ "gives one row more than it was asked for", gives_one_more, NULL, NULL },
	{ "goes on where a callback has ended the read", goes_on, NULL, NULL },
	{ "cannot read while it reads", reads_once, NULL, NULL },
	{ "has room for one row, which a nested read overwrites", lends_one_row, NULL, NULL },
	{ "says of what is not there that it has been read", hides_what_is_missing, NULL, NULL },
	{ "counts what is discarded among the uploads", mixes_leftovers_in, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static void spoil(struct store_port *port)
{
	whole = *port;
	if (broken->spoil != NULL)
		broken->spoil(port);
}

static void *broken_open(struct contract *t, struct store_port *ret_port)
{
	void *store = sound->open(t, ret_port);

	held = t;
	spoil(ret_port);
	return store;
}

static void broken_work(void *store)
{
	if (broken->work != NULL)
		broken->work(held, store);
	else
		sound->work(store);
}

static void broken_restart(void *store, struct store_port *ret_port)
{
	if (broken->restart != NULL)
		broken->restart(store);
	sound->restart(store, ret_port);
	spoil(ret_port);
}

struct store_impl store_break(const struct store_impl *in_memory, const struct store_broken *how)
{
	sound = in_memory;
	broken = how;
	return (struct store_impl){ .name = how->what,
				    .open = broken_open,
				    .work = broken_work,
				    .restart = broken_restart,
				    .close = in_memory->close };
}
