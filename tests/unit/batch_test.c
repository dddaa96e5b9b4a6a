/* The phases of a batch (node/batch.c): no batch takes place within another one. */
#include "desk_rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig *of_port;
static bool from_inside;
static int (*get_message)(void *ctx, const char *id, store_message_fn *fn, void *arg);

static void show(struct rig *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowMessage m = CY_SHOW_MESSAGE__INIT;

	m.message_id = (char *)"CASE-0001";
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	f.show_message = &m;
	desk_ask(r, 1, &f);
}

/* What no port may do: it gives the node an input while the node has called it, in a step of a batch. */
static int get_and_ask(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	if (from_inside) {
		from_inside = false;
		show(of_port);
	}
	return get_message(ctx, id, fn, arg);
}

/* The status of a process in which a message is shown. */
static int shown(bool inside)
{
	const struct rlimit none = { 0, 0 };
	struct rig *r;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		r = rig_new(true);
		get_message = r->ports.store.get_message;
		r->ports.store.get_message = get_and_ask;
		rig_start(r);
		of_port = r;
		from_inside = inside;
		show(r);
		rig_settle(r);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void an_input_from_inside_a_step_ends_the_process(void **state)
{
	int status = shown(false);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = shown(true);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_input_from_inside_a_step_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
