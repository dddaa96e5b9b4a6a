/* The list of orders: its lines (port/orders.h), its file (io/service/orders_file.h), and a node whose store is
 * restored from a backup that was made before an order. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk_rig.h"
#include "io/service/orders_file.h"
#include "wire/message.h"

/* ----------------------------------------------------------------------- lines */

static struct node_order order(enum node_order_kind kind, uint32_t attachment)
{
	struct node_order o = { .at = { START_MS }, .kind = kind, .attachment = attachment };

	cy_copy(o.peer, sizeof o.peer, PEER);
	cy_copy(o.case_id, sizeof o.case_id, some_id(1).s);
	cy_copy(o.message_id, sizeof o.message_id, some_id(2).s);
	cy_copy(o.by, sizeof o.by, "case desk");
	o.reason = cy_sha256(cy_bytes("because", 7));
	return o;
}

static void a_line_is_read_as_it_was_written(void **state)
{
	char first[NODE_ORDER_LINE], line[NODE_ORDER_LINE];
	struct orders_mark wrote = orders_first(SELF, first), read = wrote;
	struct cy_error e = { 0 };

	(void)state;
	assert_string_equal(first, "comity orders\t1\tIE");
	for (uint32_t i = 1; i <= 3; i++) {
		struct node_order o = order(i == 2 ? NODE_ORDER_RELEASE : NODE_ORDER_HOLD, i), back;

		orders_write(&wrote, &o, line);
		assert_int_equal(orders_read(line, &read, &back, &e), CY_OK);
		assert_memory_equal(&back, &o, sizeof o);
		assert_memory_equal(&read, &wrote, sizeof read);
		assert_int_equal(back.number, i);
	}
}

/* The chain of the first entry, computed by sha256sum from what the header says. */
static void the_chain_is_what_the_header_says(void **state)
{
	char first[NODE_ORDER_LINE], line[NODE_ORDER_LINE], cmd[2 * NODE_ORDER_LINE], said[CY_SHA256_HEX] = "";
	struct orders_mark mark = orders_first(SELF, first);
	struct node_order o = order(NODE_ORDER_HOLD, 1);
	FILE *out;

	(void)state;
	orders_write(&mark, &o, line);
	snprintf(cmd, sizeof cmd,
		 "(printf '%s' | openssl dgst -sha256 -binary; printf '%%s' '%.*s') | sha256sum | cut -c1-64", first,
		 (int)(strrchr(line, '\t') - line), line);
	out = popen(cmd, "r");
	assert_non_null(out);
	assert_non_null(fgets(said, sizeof said, out));
	pclose(out);
	assert_string_equal(strrchr(line, '\t') + 1, said);
}

static void a_line_that_is_changed_or_out_of_turn_is_none(void **state)
{
	char first[NODE_ORDER_LINE], line[NODE_ORDER_LINE], wrong[NODE_ORDER_LINE];
	const struct orders_mark begin = orders_first(SELF, first);
	struct orders_mark mark = begin;
	struct node_order o = order(NODE_ORDER_HOLD, 1), back;
	struct cy_error e = { 0 };

	(void)state;
	orders_write(&mark, &o, line);
	for (size_t i = 0; i < strlen(line); i++) {
		struct orders_mark at = begin;

		memcpy(wrong, line, sizeof wrong);
		wrong[i] = line[i] == '1' ? '2' : '1';
		assert_int_equal(orders_read(wrong, &at, &back, &e), CY_EPARSE);
		memcpy(wrong, line, sizeof wrong);
		wrong[i] = '\0';
		assert_int_equal(orders_read(wrong, &at, &back, &e), CY_EPARSE);
	}
	assert_int_equal(orders_read(line, &mark, &back, &e), CY_EPARSE);
	assert_non_null(strstr(e.text, "it has number 1 and not 2"));
	mark = orders_first("FR", first);
	assert_int_equal(orders_read(line, &mark, &back, &e), CY_EPARSE);
	assert_non_null(strstr(e.text, "its chain does not fit"));
}

/* ------------------------------------------------------------------------ file */

struct dir {
	char path[48], file[64];
};

static struct dir new_dir(void)
{
	struct dir d;

	snprintf(d.path, sizeof d.path, "/tmp/comity-orders-XXXXXX");
	assert_non_null(mkdtemp(d.path));
	snprintf(d.file, sizeof d.file, "%s/orders", d.path);
	return d;
}

static void remove_dir(const struct dir *d)
{
	char lock[sizeof d->path + 8];

	snprintf(lock, sizeof lock, "%s/lock", d->path);
	unlink(lock);
	unlink(d->file);
	assert_int_equal(rmdir(d->path), 0);
}

static struct orders_file *opened(const struct dir *d, struct orders_port *port)
{
	struct orders_file *f = NULL;
	struct cy_error e = { 0 };

	if (orders_file_open(d->path, SELF, &f, port, &e) < 0)
		fail_msg("%s", e.text);
	return f;
}

static int count(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	(void)line;
	assert_int_equal(o->number, mark->number);
	++*(unsigned *)arg;
	return CY_OK;
}

static unsigned entries(struct orders_port *p, uint64_t after)
{
	struct cy_error e = { 0 };
	unsigned n = 0;

	if (p->read(p->ctx, after, count, &n, &e) < 0)
		fail_msg("%s", e.text);
	return n;
}

static void append(struct orders_port *p, struct orders_mark *mark)
{
	struct node_order o = order(NODE_ORDER_HOLD, 1);
	char line[NODE_ORDER_LINE];
	struct cy_error e = { 0 };

	orders_write(mark, &o, line);
	if (p->append(p->ctx, o.number, line, &e) < 0)
		fail_msg("%s", e.text);
}

/* A list with two entries. */
static struct dir written(void)
{
	struct dir d = new_dir();
	char first[NODE_ORDER_LINE];
	struct orders_mark mark = orders_first(SELF, first);
	struct orders_port p;
	struct orders_file *f = opened(&d, &p);

	append(&p, &mark);
	append(&p, &mark);
	orders_file_close(f);
	return d;
}

static void refused(const struct dir *d, const char *authority, int code, const char *text)
{
	struct orders_file *f = NULL;
	struct orders_port p;
	struct cy_error e = { 0 };

	assert_int_equal(orders_file_open(d->path, authority, &f, &p, &e), code);
	assert_null(f);
	if (strstr(e.text, text) == NULL || strstr(e.text, d->path) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, text);
}

static void the_file_keeps_what_was_added(void **state)
{
	struct dir d = written();
	struct orders_port p;
	struct orders_file *f = opened(&d, &p);
	struct cy_error e = { 0 };
	struct stat st;
	char has[64];

	(void)state;
	assert_int_equal(entries(&p, 0), 2);
	assert_int_equal(entries(&p, 1), 1);
	/* One that is there already stays; one that leaves a gap is refused. */
	assert_int_equal(p.append(p.ctx, 2, "other", &e), CY_OK);
	assert_int_equal(p.append(p.ctx, 4, "other", &e), CY_ESTATE);
	assert_int_equal(entries(&p, 0), 2);
	assert_int_equal(stat(d.file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(has, sizeof has, "process %ld has the list of orders", (long)getpid());
	refused(&d, SELF, CY_EEXIST, has);
	orders_file_close(f);
	refused(&d, "FR", CY_EPARSE, "another authority's");
	remove_dir(&d);
}

static void half_a_line_at_the_end_was_never_relied_upon(void **state)
{
	struct dir d = written();
	struct orders_port p;
	struct orders_file *f;
	struct orders_mark mark;
	char first[NODE_ORDER_LINE];
	int fd = open(d.file, O_WRONLY | O_APPEND);

	(void)state;
	assert_true(fd >= 0 && write(fd, "3\t2026-11", 9) == 9);
	close(fd);
	f = opened(&d, &p);
	assert_int_equal(entries(&p, 0), 2);
	mark = orders_first(SELF, first);
	mark.number = 2; /* its chain is another one: what is there is not looked at again */
	append(&p, &mark);
	orders_file_close(f);
	refused(&d, SELF, CY_EPARSE, "line 4: its chain does not fit");
	remove_dir(&d);
}

static void a_damaged_list_is_refused(void **state)
{
	struct dir d = written();
	int fd = open(d.file, O_WRONLY);

	(void)state;
	assert_true(fd >= 0 && pwrite(fd, "X", 1, 60) == 1);
	close(fd);
	refused(&d, SELF, CY_EPARSE, "line 2: ");
	remove_dir(&d);
}

static void a_file_that_cannot_be_written_takes_nothing(void **state)
{
	struct dir d = written();
	struct orders_port p;
	struct orders_file *f = opened(&d, &p);
	struct cy_error e = { 0 };
	struct stat before, after;
	int full = open("/dev/full", O_RDWR), fd;

	(void)state;
	assert_int_equal(stat(d.file, &before), 0);
	/* Its own descriptor is the lowest that was free when it was opened. */
	for (fd = full - 1; fd > 2; fd--)
		if (fstat(fd, &after) == 0 && after.st_ino == before.st_ino)
			break;
	assert_true(full >= 0 && fd > 2);
	assert_int_equal(dup2(full, fd), fd);
	assert_int_equal(p.append(p.ctx, 3, "line", &e), CY_EIO);
	assert_non_null(strstr(e.text, "No space left"));
	assert_int_equal(entries(&p, 0), 2);
	close(full);
	orders_file_close(f);
	remove_dir(&d);
}

/* ------------------------------------------------------------------------ node */

#define MESSAGE (some_id(2).s)

static void put_evidence(struct store_writeset **w, const char *case_id)
{
	const struct law_fact fact = { .number = 1, .side = CY_SIDE__REQUESTING };
	struct store_evidence *e;

	put_case(w, PEER, case_id);
	put_message(w, PEER, case_id, cy_arena_string(&(*w)->arena, MESSAGE), &fact);
	e = &row(w, STORE_PUT_EVIDENCE)->evidence;
	*e = (struct store_evidence){ .message_id = cy_arena_string(&(*w)->arena, MESSAGE),
				      .attachment = 1,
				      .peer = PEER,
				      .case_id = case_id,
				      .author = STORE_PEER,
				      .number = 1,
				      .size = 4,
				      .state = STORE_EVIDENCE_HERE,
				      .reason = "" };
}

static struct rig *started(void)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	put_evidence(&w, "case");
	mem_store_apply(&r->store, w);
	r->ports.orders = orders_mem_port(&r->orders);
	rig_start(r);
	return r;
}

static void hold(struct rig *r, bool on)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyHoldEvidence h = CY_HOLD_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	struct cy_uuid id = some_id(2);

	item.message_id = id.s;
	item.attachment = 1;
	h.item = &item;
	h.hold = on;
	h.reason = (char *)"an appeal is pending";
	f.kind_case = CY_CLIENT_FRAME__KIND_HOLD_EVIDENCE;
	f.hold_evidence = &h;
	desk_ask(r, 1, &f);
}

static bool held(struct rig *r)
{
	return mem_store_evidence(&r->store, MESSAGE, 1)->legal_hold;
}

/* The process ends, and another one starts on the first `n` write-sets. */
static int start_again(struct rig *r, size_t n, struct cy_error *e)
{
	node_free(r->node);
	r->node = NULL;
	mem_store_restore(&r->store, n);
	return node_new(&r->config, &r->ports, &r->node, e);
}

static void an_order_is_in_the_list_and_in_the_store(void **state)
{
	struct rig *r = started();

	(void)state;
	hold(r, true);
	rig_settle(r);
	assert_true(held(r));
	assert_int_equal(r->orders.n, 1);
	assert_non_null(strstr(r->orders.lines[0], "\thold\t" PEER "\tcase\t"));
	assert_null(strstr(r->orders.lines[0], "appeal"));
	hold(r, true); /* it stands already */
	hold(r, false);
	rig_settle(r);
	assert_false(held(r));
	assert_int_equal(r->orders.n, 2);
	rig_free(r);
}

static void a_hold_ordered_after_the_backup_stands_once_it_is_restored(void **state)
{
	struct rig *r = started();
	const size_t backup = r->store.n_log;
	struct cy_error e = { 0 };
	uint64_t known = 0;

	(void)state;
	hold(r, true);
	hold(r, false);
	hold(r, true);
	rig_settle(r);
	if (start_again(r, backup, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(held(r));
	node_wake(r->node);
	rig_settle(r);
	assert_true(held(r));
	assert_int_equal(r->orders.n, 3);
	assert_int_equal(r->ports.store.last_order(r->ports.store.ctx, &known), CY_OK);
	assert_int_equal(known, 3);
	/* Once is enough. */
	assert_int_equal(start_again(r, r->store.n_log, &e), CY_OK);
	node_wake(r->node);
	assert_null(r->store.committing);
	rig_free(r);
}

static void an_end_of_a_hold_after_the_backup_counts_as_well(void **state)
{
	struct rig *r = started();
	struct cy_error e = { 0 };
	size_t backup;

	(void)state;
	hold(r, true);
	rig_settle(r);
	backup = r->store.n_log;
	hold(r, false);
	rig_settle(r);
	assert_int_equal(start_again(r, backup, &e), CY_OK);
	assert_true(held(r));
	node_wake(r->node);
	rig_settle(r);
	assert_false(held(r));
	rig_free(r);
}

/* The list has it, the commit failed: as if the process had died just after the commit. */
static void an_order_whose_commit_failed_is_obeyed_afterwards(void **state)
{
	struct rig *r = started();

	(void)state;
	hold(r, true);
	assert_int_equal(orders_mem_append(&r->orders, r->store.committing), CY_OK);
	mem_store_drop(&r->store);
	node_committed(r->node, CY_ESTORE, "the disk is full");
	assert_false(held(r));
	r->clock.now += 60000;
	node_wake(r->node);
	rig_settle(r);
	assert_true(held(r));
	/* The next one has the next number. */
	hold(r, false);
	rig_settle(r);
	assert_int_equal(r->orders.n, 2);
	rig_free(r);
}

static bool full; /* the disk, for what erases a case */
static int (*commit_as_it_was)(void *ctx, struct store_writeset *w);

static int commit_without_room(void *ctx, struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL && full; x = x->next)
		if (x->op == STORE_ERASE_CASE) {
			store_writeset_free(w);
			free(w);
			return CY_ESTORE;
		}
	return commit_as_it_was(ctx, w);
}

/* What a restored store erases by the list; nothing else happens that would make it look again. */
static void an_erasure_whose_commit_failed_is_carried_out_afterwards(void **state)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	struct rig *r = rig_new(false);
	struct orders_port list = orders_mem_port(&r->orders);
	struct node_order o = order(NODE_ORDER_ERASE, 0);
	struct orders_mark mark = r->orders.begin;
	struct store_writeset *w = NULL;
	char line[NODE_ORDER_LINE];
	struct cy_error e = { 0 };

	(void)state;
	put_case(&w, PEER, "case")->peer_number = 1;
	put_message(&w, PEER, "case", "message", &asked);
	mem_store_apply(&r->store, w);
	cy_copy(o.case_id, sizeof o.case_id, "case");
	o.message_id[0] = '\0';
	orders_write(&mark, &o, line);
	assert_int_equal(list.append(list.ctx, 1, line, &e), CY_OK);
	r->ports.orders = list;
	commit_as_it_was = r->ports.store.commit;
	r->ports.store.commit = commit_without_room;
	full = true;
	rig_begin(r);
	for (int i = 0; i < 2; i++) { /* the list is read, then what it says is done */
		node_wake(r->node);
		rig_settle(r);
	}
	assert_non_null(strstr(r->all, "nothing can be committed now"));
	assert_true(mem_store_case(&r->store, PEER, "case")->row.erased.ms == 0);
	full = false;
	r->clock.now += 60000;
	node_wake(r->node);
	rig_settle(r);
	assert_true(mem_store_case(&r->store, PEER, "case")->row.erased.ms == START_MS);
	rig_free(r);
}

static void a_store_that_knows_more_than_its_list_is_refused(void **state)
{
	struct rig *r = started();
	struct cy_error e = { 0 };

	(void)state;
	hold(r, true);
	hold(r, false);
	rig_settle(r);
	r->orders.n = 1;
	assert_int_equal(start_again(r, r->store.n_log, &e), CY_ECONFIG);
	assert_non_null(strstr(e.text, "ends with entry 1, and the store knows entry 2"));
	rig_free(r);
}

static void a_list_of_other_orders_is_refused(void **state)
{
	struct rig *r = started();
	struct node_order o = order(NODE_ORDER_HOLD, 1);
	struct orders_mark mark = r->orders.begin;
	struct cy_error e = { 0 };

	(void)state;
	hold(r, true);
	rig_settle(r);
	orders_write(&mark, &o, r->orders.lines[0]);
	assert_int_equal(start_again(r, r->store.n_log, &e), CY_ECONFIG);
	assert_non_null(strstr(e.text, "is not the one that the store knows"));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_as_it_was_written),
		cmocka_unit_test(the_chain_is_what_the_header_says),
		cmocka_unit_test(a_line_that_is_changed_or_out_of_turn_is_none),
		cmocka_unit_test(the_file_keeps_what_was_added),
		cmocka_unit_test(half_a_line_at_the_end_was_never_relied_upon),
		cmocka_unit_test(a_damaged_list_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_written_takes_nothing),
		cmocka_unit_test(an_order_is_in_the_list_and_in_the_store),
		cmocka_unit_test(a_hold_ordered_after_the_backup_stands_once_it_is_restored),
		cmocka_unit_test(an_end_of_a_hold_after_the_backup_counts_as_well),
		cmocka_unit_test(an_order_whose_commit_failed_is_obeyed_afterwards),
		cmocka_unit_test(an_erasure_whose_commit_failed_is_carried_out_afterwards),
		cmocka_unit_test(a_store_that_knows_more_than_its_list_is_refused),
		cmocka_unit_test(a_list_of_other_orders_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
