#include "io/local/strangers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/loop/descriptors.h"
#include "io/loop/mailbox.h"
#include "io/loop/signals.h"

#define HAND_STACK   (256u * 1024u)
#define LOOK         4096u
#define LOOKS_MAX    64
#define INTERRUPT_NS 10000000 /* so long sleeps what is closed */

enum job_what {
	JOB_TAKE,   /* bytes and a file off a connection */
	JOB_FILE,   /* of a client: closing it may hang */
	JOB_HANG_UP /* a connection, or our own file */
};

struct job {
	struct job *next;
	enum job_what what;
	uid_t uid;
	int fd;
	uint64_t conn; /* JOB_TAKE */
	size_t len;
	bool want;
};

struct hand {
	struct strangers *all;
	struct job *job; /* NULL: it waits for one */
};

/* A hand may hang for ever, so that nobody waits for its end: who lets go of this last frees it. */
struct strangers {
	struct strangers_events events;
	struct mailbox box; /* of what was taken; not any more when it is over */

	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct job *first, **last;
	size_t n_jobs; /* also those that hands have */
	struct hand hands[STRANGERS_HANDS];
	size_t n_hands, n_holders;
	bool over;
};

/* ------------------------------------------------------------------ what to do */

/* Under the lock. */
static size_t files_of(const struct strangers *s, const uid_t *uid)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_hands; i++) {
		const struct job *j = s->hands[i].job;

		n += j && j->what != JOB_HANG_UP && (uid == NULL || j->uid == *uid);
	}
	return n;
}

static bool may_begin(const struct strangers *s, const struct job *j)
{
	return j->what == JOB_HANG_UP ||
	       (files_of(s, &j->uid) < STRANGERS_HANDS_OF_UID && files_of(s, NULL) < STRANGERS_HANDS - 1);
}

static struct job *next_job(struct strangers *s)
{
	for (struct job **at = &s->first; *at; at = &(*at)->next) {
		struct job *j = *at;

		if (!may_begin(s, j))
			continue;
		*at = j->next;
		if (*at == NULL)
			s->last = at;
		return j;
	}
	return NULL;
}

/* ------------------------------------------------------------------- the hands */

static void on_interrupt(int sig)
{
	(void)sig;
}

/* A close() that sleeps is ended by a signal, which is for this thread alone. */
static void interrupts(timer_t timer, bool on)
{
	const struct itimerspec every = { .it_value.tv_nsec = on ? INTERRUPT_NS : 0,
					  .it_interval.tv_nsec = on ? INTERRUPT_NS : 0 };

	CY_ASSERT(timer_settime(timer, 0, &every, NULL) == 0);
}

static void let_go(timer_t timer, int fd)
{
	interrupts(timer, true);
	close(fd);
	interrupts(timer, false);
}

/* Only what does not ask a file system comes first. */
static bool is_fit(int fd)
{
	const int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY && fstat(fd, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

/* The kernel closes what has no place here, at the end of the call. */
static int receive(timer_t timer, const struct job *j, bool *ret_surplus)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	void *bytes = malloc(j->len);
	struct iovec iov = { .iov_base = bytes, .iov_len = j->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const struct cmsghdr *h;
	int fd = LOCAL_CAME_NOTHING;

	CY_ASSERT(bytes);
	if (j->want) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_LEN(sizeof(int)); /* CMSG_SPACE would have room for two */
	}
	interrupts(timer, true);
	if (recvmsg(j->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		msg = (struct msghdr){ .msg_flags = MSG_CTRUNC };
	interrupts(timer, false);
	free(bytes);
	*ret_surplus = msg.msg_flags & MSG_CTRUNC;
	h = CMSG_FIRSTHDR(&msg);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(int));
	return fd;
}

static void take(struct strangers *s, timer_t timer, const struct job *j)
{
	struct mail m = { .conn = j->conn, .peer = j->uid };
	int fd = receive(timer, j, &m.refused);
	bool over;

	if (fd >= 0 && !descriptors_spare(fd, DESCRIPTORS_LOCAL)) {
		let_go(timer, fd);
		fd = LOCAL_CAME_NOTHING;
		m.refused = true;
	} else if (fd >= 0 && !is_fit(fd)) {
		let_go(timer, fd);
		fd = LOCAL_CAME_UNFIT;
	}
	m.what = fd;
	let_go(timer, j->fd);
	pthread_mutex_lock(&s->lock);
	over = s->over;
	if (!over)
		mailbox_post(&s->box, &m);
	pthread_mutex_unlock(&s->lock);
	if (over && fd >= 0)
		let_go(timer, fd);
}

static void leave(struct strangers *s)
{
	bool last;

	pthread_mutex_lock(&s->lock);
	last = --s->n_holders == 0;
	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static timer_t begin(void)
{
	struct sigevent to_me = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNALS_INTERRUPT };
	timer_t timer;
	sigset_t set;

	pthread_setname_np(pthread_self(), "strangers");
	to_me._sigev_un._tid = gettid();
	CY_ASSERT(timer_create(CLOCK_MONOTONIC, &to_me, &timer) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGNALS_INTERRUPT);
	CY_ASSERT(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
	return timer;
}

static void *run(void *arg)
{
	struct hand *h = arg;
	struct strangers *s = h->all;
	const timer_t timer = begin();

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct job *j = h->job = next_job(s);

		if (j == NULL && s->over)
			break;
		if (j == NULL) {
			pthread_cond_wait(&s->cond, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		if (j->what == JOB_TAKE)
			take(s, timer, j);
		else
			let_go(timer, j->fd);
		pthread_mutex_lock(&s->lock);
		h->job = NULL;
		s->n_jobs--;
		free(j);
		/* Another one of this user may have waited for this. */
		pthread_cond_broadcast(&s->cond);
	}
	pthread_mutex_unlock(&s->lock);
	timer_delete(timer);
	leave(s);
	return NULL;
}

/* Under the lock. */
static bool add_hand(struct strangers *s)
{
	struct hand *h = &s->hands[s->n_hands];
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	h->all = s;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, HAND_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, run, h);
	pthread_attr_destroy(&attr);
	if (r != 0)
		return false;
	s->n_hands++;
	s->n_holders++;
	return true;
}

static void add_job(struct strangers *s, const struct job *job)
{
	struct job *j = malloc(sizeof *j);

	CY_ASSERT(j);
	*j = *job;
	j->next = NULL;
	pthread_mutex_lock(&s->lock);
	*s->last = j;
	s->last = &j->next;
	s->n_jobs++;
	/* With none more than there are, it waits for one of them. */
	if (s->n_jobs > s->n_hands && s->n_hands < STRANGERS_HANDS)
		add_hand(s);
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

/* ------------------------------------------------------------- the main thread */

ssize_t strangers_peek(int fd, void *data, size_t len, bool *ret_beside)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const ssize_t n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);

	*ret_beside = n > 0 && msg.msg_flags & MSG_CTRUNC;
	return n;
}

int strangers_take(struct strangers *s, uid_t uid, uint64_t conn, int fd, size_t len, bool want)
{
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own >= 0 && descriptors_spare(own, DESCRIPTORS_LOCAL)) {
		add_job(s, &(struct job){
				   .what = JOB_TAKE, .uid = uid, .fd = own, .conn = conn, .len = len, .want = want });
		return CY_OK;
	}
	if (own >= 0)
		close(own);
	return CY_ELIMIT;
}

void strangers_close(struct strangers *s, uid_t uid, int fd)
{
	add_job(s, &(struct job){ .what = JOB_FILE, .uid = uid, .fd = fd });
}

void strangers_close_own(struct strangers *s, int fd)
{
	add_job(s, &(struct job){ .what = JOB_HANG_UP, .uid = getuid(), .fd = fd });
}

/* Nothing more can come; does what is there bring no descriptors? */
static bool is_plain(int fd)
{
	uint8_t data[LOOK];

	shutdown(fd, SHUT_RD);
	for (int i = 0; i < LOOKS_MAX; i++) {
		bool beside;
		const ssize_t n = strangers_peek(fd, data, sizeof data, &beside);

		if (n <= 0)
			return true;
		if (beside || recv(fd, data, (size_t)n, MSG_DONTWAIT) != n)
			return false;
	}
	return false;
}

void strangers_hang_up(struct strangers *s, uid_t uid, int fd)
{
	if (is_plain(fd))
		close(fd);
	else
		add_job(s, &(struct job){ .what = JOB_HANG_UP, .uid = uid, .fd = fd });
}

size_t strangers_of(struct strangers *s, uid_t uid)
{
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	for (const struct job *j = s->first; j; j = j->next)
		n += j->uid == uid;
	for (size_t i = 0; i < s->n_hands; i++)
		n += s->hands[i].job && s->hands[i].job->uid == uid;
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t strangers_all(struct strangers *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n_jobs;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static void on_letter(void *ctx, const struct mail *m)
{
	const struct strangers *s = ctx;

	s->events.taken(s->events.ctx, m->conn, (uid_t)m->peer, m->what, m->refused);
}

int strangers_new(struct event_base *base, const struct strangers_events *events, struct strangers **ret,
		  struct cy_error *e)
{
	const struct sigaction nothing = { .sa_handler = on_interrupt };
	struct strangers *s = calloc(1, sizeof *s);
	int r;

	CY_ASSERT(s && sigaction(SIGNALS_INTERRUPT, &nothing, NULL) == 0);
	s->events = *events;
	s->last = &s->first;
	s->n_holders = 1;
	CY_ASSERT(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_cond_init(&s->cond, NULL) == 0);
	r = mailbox_init(&s->box, base, on_letter, s, e);
	if (r == CY_OK && !add_hand(s)) {
		mailbox_free(&s->box);
		r = cy_fail(e, CY_EIO, "no thread can be started that closes what local clients send");
	}
	if (r == CY_OK)
		*ret = s;
	else
		leave(s);
	return r;
}

void strangers_free(struct strangers *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_mutex_unlock(&s->lock);
	for (const struct mail *m = s->box.first; m; m = m->next)
		if (m->what >= 0)
			strangers_close(s, (uid_t)m->peer, m->what);
	mailbox_free(&s->box);
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	leave(s);
}
