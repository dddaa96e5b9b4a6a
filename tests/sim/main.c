/* sim: run seeds, each twice, and say which break what must hold. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "law.h"
#include "sim.h"

static const char help[] = "Usage: sim [OPTION]... [FIRST..LAST | SEED]\n"
			   "\n"
			   "Runs simulated authorities (2 to 200) through what a seed decides, each seed twice,\n"
			   "and checks after every event what must always hold.\n"
			   "\n"
			   "  -t, --trace          tell the whole story of a seed on standard output\n"
			   "  -w, --without FAULT  switch a kind of fault off; several times\n"
			   "      --only FAULT     switch all others off; several times\n"
			   "      --kinds N        the first N kinds of fault only, as --faults lists them\n"
			   "      --restore-rate N stores are restored N times as often\n"
			   "      --evidence       case systems hand over evidence as well\n"
			   "  -n, --nodes N        another number of authorities\n"
			   "  -d, --days N         another number of days with faults\n"
			   "  -q, --quiet          no line a seed\n"
			   "  -b, --brief          a failing seed says what broke, and no more\n"
			   "      --sqlite         the real store, on a disk that loses power and fails\n"
			   "      --sweep          a short story: power is lost at its first, second, ... last write\n"
			   "                       or sync, and again while the store recovers\n"
			   "      --law            legal years instead: 100 authorities in ten states keep the time\n"
			   "                       limits of the shipped treaties, for ten years\n"
			   "      --every N        in a sweep, every N-th point only\n"
			   "      --once           run a seed once only\n"
			   "      --until-failure  end with success at the first seed that fails (make mutants)\n"
			   "      --faults         list the faults\n"
			   "\n"
			   "A seed that fails prints what broke, the fewest faults that still break it, and the\n"
			   "last events. Exit status: 0 all held, 1 something broke, 2 wrong usage.\n";

struct options {
	uint64_t first, last;
	bool trace, quiet, brief, once, until_failure, sqlite, sweep, law;
	uint32_t nodes;
	int64_t days;
	uint64_t every, kinds, restore_rate;
	bool without[FAULTS], only[FAULTS], has_only, evidence;
};

struct verdict {
	char failure[1024];
	uint64_t hash, events;
	uint32_t nodes;
	int64_t simulated;
	struct sim_counts counts;
};

static void settle_settings(const struct options *o, uint64_t seed, struct sim_settings *set)
{
	sim_settings_of(seed, set);
	if (o->nodes > 0)
		set->nodes = o->nodes;
	if (o->days > 0)
		set->faulty = o->days * DAY;
	for (int f = 0; f < FAULTS; f++)
		if (o->without[f] || (o->has_only && !o->only[f]) || (f == FAULT_EVIDENCE && !o->evidence) ||
		    (uint64_t)f >= o->kinds)
			set->level[f] = 0;
	set->restore_rate = (uint32_t)o->restore_rate;
	if (o->sqlite)
		set->backend = SIM_SQLITE;
	if (o->law)
		sim_settings_law(set, o->nodes, o->days);
	if (o->sweep) {
		set->sweep = true;
		set->nodes = 2;
		set->pause = SECOND;
		set->faulty = 80 * SECOND;
		memset(set->level, 0, sizeof set->level);
	}
}

static void run(const struct sim_settings *set, FILE *trace, struct verdict *v)
{
	struct world *w = malloc(sizeof *w);

	CY_ASSERT(w != NULL);
	world_run(set, trace, w);
	memcpy(v->failure, w->failure, sizeof v->failure);
	v->hash = w->hash;
	v->events = w->events;
	v->nodes = set->nodes;
	v->simulated = w->now;
	v->counts = w->counts;
	world_free(w);
	free(w);
}

/* In a process of its own: an assertion that fails ends that one only. Its verdict
 * is written to `fd`; `trace`, if any, is flushed line by line. */
static void run_in_child(const struct sim_settings *set, FILE *trace, bool twice, int fd)
{
	struct verdict v = { 0 }, again = { 0 };

	if (trace != NULL)
		setvbuf(trace, NULL, _IOLBF, 0);
	run(set, trace, &v);
	if (twice && v.failure[0] == '\0') {
		run(set, NULL, &again);
		if (again.hash != v.hash || again.events != v.events)
			snprintf(v.failure, sizeof v.failure, "two runs differ: %016llx and %016llx",
				 (unsigned long long)v.hash, (unsigned long long)again.hash);
	}
	CY_ASSERT(write(fd, &v, sizeof v) == sizeof v);
	_exit(0);
}

static pid_t start(const struct sim_settings *set, FILE *trace, bool twice, int *ret_fd)
{
	int fds[2];
	pid_t pid;

	CY_ASSERT(pipe(fds) == 0);
	fflush(NULL);
	pid = fork();
	CY_ASSERT(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		run_in_child(set, trace, twice, fds[1]);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

/* -1: whichever ends first. */
static pid_t wait_for(pid_t pid, int *ret_status)
{
	pid_t ended;

	do
		ended = waitpid(pid, ret_status, 0);
	while (ended < 0 && errno == EINTR);
	CY_ASSERT(ended > 0);
	return ended;
}

/* What a child that has ended found. */
static void collect(int status, int fd, struct verdict *v)
{
	ssize_t n = read(fd, v, sizeof *v);

	close(fd);
	if (n == (ssize_t)sizeof *v)
		return;
	memset(v, 0, sizeof *v);
	snprintf(v->failure, sizeof v->failure, "the process ended with %s %d: an assertion or a crash (see above)",
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static bool fails(const struct sim_settings *set, FILE *trace, struct verdict *v)
{
	int fd, status;
	pid_t pid = start(set, trace, trace == NULL, &fd);

	wait_for(pid, &status);
	collect(status, fd, v);
	return v->failure[0] != '\0';
}

/* ------------------------------------------------------------------ failing */

/* The fewest faults, authorities and days that still break something. */
static void shrink(struct sim_settings *set, struct verdict *v)
{
	struct verdict other;

	for (int f = 0; f < FAULTS; f++) {
		struct sim_settings less = *set;

		if (set->level[f] == 0)
			continue;
		less.level[f] = 0;
		if (fails(&less, NULL, &other)) {
			*set = less;
			*v = other;
		}
	}
	for (uint32_t n = 2; n < set->nodes; n++) {
		struct sim_settings less = *set;

		less.nodes = n;
		if (fails(&less, NULL, &other)) {
			*set = less;
			*v = other;
			break;
		}
	}
}

static void last_lines(FILE *f, int n)
{
	char **ring = calloc((size_t)n, sizeof *ring), *line = NULL;
	size_t cap = 0, at = 0;

	CY_ASSERT(ring != NULL);
	rewind(f);
	while (getline(&line, &cap, f) > 0) {
		free(ring[at % (size_t)n]);
		ring[at++ % (size_t)n] = strdup(line);
	}
	for (size_t i = 0; i < (size_t)n; i++) {
		char *text = ring[(at + i) % (size_t)n];

		if (text != NULL)
			printf("    %s", text);
		free(text);
	}
	free(line);
	free(ring);
}

static void explain(const struct options *o, uint64_t seed, const struct verdict *first)
{
	struct sim_settings set;
	struct verdict v = *first;
	FILE *story;

	printf("seed %llu FAILED: %s\n", (unsigned long long)seed, first->failure);
	fflush(stdout);
	if (o->brief)
		return;
	settle_settings(o, seed, &set);
	story = tmpfile();
	CY_ASSERT(story != NULL);
	shrink(&set, &v);
	printf("  with fewest settings: %s\n  make sim SEED=%llu TRACE=1 SIMFLAGS=\"-n %u%s%s", v.failure,
	       (unsigned long long)seed, set.nodes, o->evidence ? " --evidence" : "", o->sqlite ? " --sqlite" : "");
	if (o->days > 0)
		printf(" --days %lld", (long long)o->days);
	if (o->restore_rate > 1)
		printf(" --restore-rate %llu", (unsigned long long)o->restore_rate);
	for (int f = 0; f < FAULTS; f++)
		if (set.level[f] > 0)
			printf(" --only %s", sim_fault_name[f]);
	printf("\"\n  the last events:\n");
	fails(&set, story, &v);
	last_lines(story, 40);
	fclose(story);
	fflush(stdout);
}

/* ------------------------------------------------------------------ seeds */

struct slot {
	pid_t pid;
	int fd;
	uint64_t seed;
};

struct totals {
	uint64_t seeds, failed, events, first_failed;
	double authority_days;
	struct sim_counts c;
};

static void add_up(struct totals *t, const struct verdict *v)
{
	const uint64_t *from = (const uint64_t *)&v->counts;
	uint64_t *to = (uint64_t *)&t->c;

	t->seeds++;
	t->events += v->events;
	t->authority_days += (double)v->nodes * (double)v->simulated / (double)DAY;
	for (size_t i = 0; i < sizeof t->c / sizeof *to; i++)
		to[i] += from[i];
}

static void finish(const struct options *o, struct slot *slots, struct totals *t)
{
	struct slot *s = slots;
	struct verdict v;
	int status;
	pid_t pid = wait_for(-1, &status);

	while (s->pid != pid)
		s++;
	collect(status, s->fd, &v);
	s->pid = 0;
	add_up(t, &v);
	if (v.failure[0] != '\0') {
		if (t->failed++ == 0 || s->seed < t->first_failed)
			t->first_failed = s->seed;
		if (!o->until_failure)
			explain(o, s->seed, &v);
	} else if (!o->quiet) {
		printf("seed %llu: %u authorities, %.1f days, %llu messages relayed, %llu crashes, %llu restores, hash "
		       "%016llx\n",
		       (unsigned long long)s->seed, v.nodes, (double)v.simulated / (double)DAY,
		       (unsigned long long)v.counts.relayed, (unsigned long long)v.counts.crashes,
		       (unsigned long long)v.counts.restores, (unsigned long long)v.hash);
		fflush(stdout);
	}
}

static void run_seeds(const struct options *o, struct totals *t)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cores < 1 ? 1 : cores > 64 ? 64 : (size_t)cores, running = 0;
	struct slot slots[64] = { 0 };

	for (uint64_t seed = o->first; seed <= o->last && !(o->until_failure && t->failed > 0); seed++) {
		struct sim_settings set;
		struct slot *s = slots;

		if (running == n) {
			finish(o, slots, t);
			running--;
		}
		while (s->pid != 0)
			s++;
		settle_settings(o, seed, &set);
		s->seed = seed;
		s->pid = start(&set, NULL, !o->once, &s->fd);
		running++;
	}
	for (; running > 0; running--)
		finish(o, slots, t);
}

static int tell_story(const struct options *o)
{
	struct sim_settings set;
	struct verdict v;

	settle_settings(o, o->first, &set);
	printf("seed %llu: %u authorities, faults for %.1f days:", (unsigned long long)set.seed, set.nodes,
	       (double)set.faulty / (double)DAY);
	for (int f = 0; f < FAULTS; f++)
		if (set.level[f] > 0)
			printf(" %s=%u", sim_fault_name[f], set.level[f]);
	putchar('\n');
	fails(&set, stdout, &v);
	printf("%s, hash %016llx\n", v.failure[0] != '\0' ? v.failure : "all held", (unsigned long long)v.hash);
	return v.failure[0] != '\0';
}

/* ------------------------------------------------------------------ the sweep */

/* Power is lost at each point of the disk that the story has, and again at some
 * point of the recovery, a later one each time. */
static int sweep(const struct options *o)
{
	struct sim_settings set;
	struct verdict v;
	uint64_t points, tried = 0, failed = 0, cuts = 0;

	settle_settings(o, o->first, &set);
	fails(&set, NULL, &v);
	points = v.counts.points;
	if (v.failure[0] != '\0' || points == 0) {
		printf("the story itself fails: %s\n", v.failure);
		return 1;
	}
	for (uint64_t k = 1; k <= points; k += o->every > 0 ? o->every : 1) {
		tried++;
		set.cut = k;
		set.cut_again = 1 + k % 16;
		if (fails(&set, NULL, &v)) {
			printf("power lost at point %llu, and at the %llu. of the recovery: %s\n",
			       (unsigned long long)k, (unsigned long long)set.cut_again, v.failure);
			failed++;
		}
		cuts += v.counts.cuts;
	}
	printf("%llu crash points, %llu tried, power lost %llu times in all, %llu not recovered to before or after\n",
	       (unsigned long long)points, (unsigned long long)tried, (unsigned long long)cuts,
	       (unsigned long long)failed);
	return failed > 0;
}

/* --------------------------------------------------------------- legal years */

static void tell_years(const struct world *w, double seconds)
{
	const struct law_counts *c = &w->law->counts;

	printf("seed %llu: %u authorities, %.1f years, %llu cases, %llu clocks, %llu steps, %llu lapses, %llu commands "
	       "run %llu times, %llu crashes, %llu restores, wall clocks set %llu times and confirmed %llu times, %llu "
	       "comparisons, %llu clocks judged, %llu met by linked requests, %llu tables of statistics judged, %llu "
	       "counts hidden in what is published, "
	       "%llu refused by the life cycle, %llu events, %llu commits, hash %016llx, in %.1f s of one core\n",
	       (unsigned long long)w->set.seed, w->set.nodes, (double)w->now / (double)DAY / 365.25,
	       (unsigned long long)c->cases, (unsigned long long)c->clocks, (unsigned long long)c->steps,
	       (unsigned long long)c->lapses, (unsigned long long)c->hooks, (unsigned long long)c->hook_runs,
	       (unsigned long long)c->crashes, (unsigned long long)w->counts.restores,
	       (unsigned long long)c->clocks_set, (unsigned long long)c->confirmed, (unsigned long long)c->compared,
	       (unsigned long long)c->judged, (unsigned long long)c->linked, (unsigned long long)c->figures,
	       (unsigned long long)c->hidden, (unsigned long long)c->refused, (unsigned long long)w->events,
	       (unsigned long long)w->counts.commits, (unsigned long long)w->hash, seconds);
	if (w->failure[0] != '\0')
		printf("seed %llu FAILED: %s\n  sim --law -n %u -d %lld --restore-rate %u -t %llu\n",
		       (unsigned long long)w->set.seed, w->failure, w->set.nodes, (long long)(w->set.faulty / DAY),
		       w->set.restore_rate, (unsigned long long)w->set.seed);
	fflush(stdout);
}

/* Returns the hash of all that happened; 0: something broke. */
static uint64_t legal_years(const struct options *o, uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	struct timespec before, after;
	struct sim_settings set;
	uint64_t hash;

	CY_ASSERT(w != NULL);
	settle_settings(o, seed, &set);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	world_run(&set, o->trace ? stdout : NULL, w);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	hash = w->failure[0] != '\0' ? 0 : w->hash;
	if (!o->quiet)
		tell_years(w, (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9);
	world_free(w);
	free(w);
	return hash;
}

static int law_seeds(const struct options *o)
{
	int failed = 0;

	for (uint64_t seed = o->first; seed <= o->last; seed++) {
		const uint64_t hash = legal_years(o, seed);

		if (hash == 0 && o->until_failure) {
			printf("caught by seed %llu\n", (unsigned long long)seed);
			return 0;
		}
		if (hash != 0 && !o->once && !o->trace && legal_years(o, seed) != hash) {
			printf("seed %llu FAILED: two runs differ\n", (unsigned long long)seed);
			failed = 1;
		}
		failed = failed || hash == 0;
	}
	if (o->until_failure)
		printf("not caught\n");
	return o->until_failure ? 1 : failed;
}

/* ------------------------------------------------------------------ options */

enum {
	OPT_ONLY = 256,
	OPT_ONCE,
	OPT_SQLITE,
	OPT_SWEEP,
	OPT_LAW,
	OPT_EVERY,
	OPT_UNTIL,
	OPT_FAULTS,
	OPT_KINDS,
	OPT_RESTORE_RATE,
	OPT_EVIDENCE
};

static const struct option long_options[] = {
	{ "trace", no_argument, NULL, 't' },
	{ "without", required_argument, NULL, 'w' },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "nodes", required_argument, NULL, 'n' },
	{ "days", required_argument, NULL, 'd' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "brief", no_argument, NULL, 'b' },
	{ "sqlite", no_argument, NULL, OPT_SQLITE },
	{ "sweep", no_argument, NULL, OPT_SWEEP },
	{ "law", no_argument, NULL, OPT_LAW },
	{ "every", required_argument, NULL, OPT_EVERY },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "until-failure", no_argument, NULL, OPT_UNTIL },
	{ "faults", no_argument, NULL, OPT_FAULTS },
	{ "kinds", required_argument, NULL, OPT_KINDS },
	{ "restore-rate", required_argument, NULL, OPT_RESTORE_RATE },
	{ "evidence", no_argument, NULL, OPT_EVIDENCE },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int fault_by_name(const char *name)
{
	for (int f = 0; f < FAULTS; f++)
		if (strcmp(sim_fault_name[f], name) == 0)
			return f;
	fprintf(stderr, "sim: there is no fault '%s': see sim --faults\n", name);
	exit(2);
}

static uint64_t number(const char *text, char **ret_end)
{
	uint64_t v;

	errno = 0;
	v = strtoull(text, ret_end, 10);
	if (*ret_end == text || errno != 0) {
		fprintf(stderr, "sim: '%s' is not a number\n", text);
		exit(2);
	}
	return v;
}

static void parse(int argc, char **argv, struct options *o)
{
	char *end;
	int c;

	*o = (struct options){ .first = 1, .last = 100, .every = 1, .kinds = FAULTS, .restore_rate = 1 };
	while ((c = getopt_long(argc, argv, "tw:n:d:qbh", long_options, NULL)) != -1) {
		switch (c) {
		case 't':
			o->trace = true;
			break;
		case 'w':
			o->without[fault_by_name(optarg)] = true;
			break;
		case OPT_ONLY:
			o->only[fault_by_name(optarg)] = o->has_only = true;
			break;
		case 'n':
			o->nodes = (uint32_t)number(optarg, &end);
			if (o->nodes < 2 || o->nodes > 200) {
				fprintf(stderr, "sim: 2 to 200 authorities\n");
				exit(2);
			}
			break;
		case 'd':
			o->days = (int64_t)number(optarg, &end);
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'b':
			o->brief = true;
			break;
		case OPT_ONCE:
			o->once = true;
			break;
		case OPT_SWEEP:
			o->sweep = o->sqlite = true;
			break;
		case OPT_LAW:
			o->law = true;
			break;
		case OPT_EVERY:
			o->every = number(optarg, &end);
			break;
		case OPT_SQLITE:
			o->sqlite = true;
			break;
		case OPT_UNTIL:
			o->until_failure = true;
			break;
		case OPT_KINDS:
			o->kinds = number(optarg, &end);
			break;
		case OPT_RESTORE_RATE:
			o->restore_rate = number(optarg, &end);
			if (o->restore_rate < 1 || o->restore_rate > 1000) {
				fprintf(stderr, "sim: 1 to 1000 times as often\n");
				exit(2);
			}
			break;
		case OPT_EVIDENCE:
			o->evidence = true;
			break;
		case OPT_FAULTS:
			for (int f = 0; f < FAULTS; f++)
				printf("%-13s %s\n", sim_fault_name[f], sim_fault_what[f]);
			exit(0);
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			fputs("Try 'sim --help'.\n", stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		o->first = o->last = number(argv[optind], &end);
		if (strncmp(end, "..", 2) == 0)
			o->last = number(end + 2, &end);
	}
}

int main(int argc, char **argv)
{
	struct options o;
	struct totals t = { 0 };
	struct timespec before, after;
	double seconds;

	parse(argc, argv, &o);
	desk_templates();
	contents_init();
	if (o.law)
		return law_seeds(&o);
	if (o.trace)
		return tell_story(&o);
	if (o.sweep)
		return sweep(&o);
	clock_gettime(CLOCK_MONOTONIC, &before);
	run_seeds(&o, &t);
	clock_gettime(CLOCK_MONOTONIC, &after);
	seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	if (o.until_failure) {
		if (t.failed > 0)
			printf("caught by seed %llu, the %llu. of them\n", (unsigned long long)t.first_failed,
			       (unsigned long long)(t.first_failed - o.first + 1));
		else
			printf("not caught by %llu seeds\n", (unsigned long long)t.seeds);
		return t.failed > 0 ? 0 : 1;
	}
	printf("%llu seeds, %llu failed: %.0f authority-days, %llu events, %llu commits, %llu submitted, %llu refused "
	       "by the "
	       "life cycle, %llu relayed, %llu rejected by the peer, %llu failed, %llu recovered, %llu sessions, %llu "
	       "parcels dissolved, %llu erasures, %llu tombstones, %llu crashes, "
	       "%llu restores, in %.1f s\n",
	       (unsigned long long)t.seeds, (unsigned long long)t.failed, t.authority_days,
	       (unsigned long long)t.events, (unsigned long long)t.c.commits, (unsigned long long)t.c.submitted,
	       (unsigned long long)t.c.refused, (unsigned long long)t.c.relayed, (unsigned long long)t.c.rejected,
	       (unsigned long long)t.c.failed, (unsigned long long)t.c.recovered, (unsigned long long)t.c.sessions,
	       (unsigned long long)t.c.dissolved, (unsigned long long)t.c.erased, (unsigned long long)t.c.tombstones,
	       (unsigned long long)t.c.crashes, (unsigned long long)t.c.restores, seconds);
	return t.failed > 0 ? 1 : 0;
}
