/* Data atoms of a request: what the two states understand by them. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/guess.h"
#include "base/limits.h"
#include "law/treaty_look.h"

/* An atom that the two states understand differently. */
#define PAIRS_MAX LAW_FAULTS_MAX
struct pair {
	const char *atom;                     /* of the request */
	const struct law_atom *ours, *theirs; /* requesting, requested state; NULL: not mapped */
};

const struct law_atom *law_meaning(const struct law_profile *p, const char *state, const char *atom)
{
	const struct law_atom *general = NULL;

	for (size_t i = 0; i < p->n_atoms; i++) {
		const struct law_atom *a = &p->atoms[i];

		if (strcmp(a->atom, atom) != 0)
			continue;
		if (a->state[0] && !strcmp(a->state, state))
			return a;
		if (!a->state[0])
			general = a;
	}
	return general;
}

/* A value that is not stated differs from no other: if every atom had a warning, people would read none of them. */
static bool same_threshold(const struct law_atom *a, const struct law_atom *b)
{
	return !a->threshold[0] || !b->threshold[0] || !strcmp(a->threshold, b->threshold);
}

static bool same_meaning(const struct law_atom *a, const struct law_atom *b)
{
	return a && b && (a == b || (!strcmp(a->category, b->category) && same_threshold(a, b)));
}

/* An atom of a state's own law names its own source; all others are the instrument's. */
static void term_source(const struct law_profile *p, const struct law_atom *a, char *out, size_t size)
{
	if (a->state[0])
		snprintf(out, size, "%s%s", a->source.article, a->source.verified ? "" : LAW_UNVERIFIED);
	else
		law_source_text(p, &a->source, out, size);
	cy_utf8_mend(out);
}

static bool listed(const struct pair *list, size_t n, const char *atom)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].atom, atom))
			return true;
	return false;
}

/* Does any profile map it? What none does is mistyped, and no difference of law. Where no profile maps any atom,
 * nothing tells the one from the other. */
static bool catalogued(const struct law_data *b, const char *atom)
{
	bool any = false;

	for (size_t i = 0; i < b->n_profiles; i++)
		for (size_t k = 0; k < b->profiles[i]->n_atoms; k++) {
			any = true;
			if (!strcmp(b->profiles[i]->atoms[k].atom, atom))
				return true;
		}
	return !any;
}

/* In the order of the request, each atom once. At most PAIRS_MAX are stored; one more
 * is returned when there are more. */
static size_t differing(const CyRequest *r, const struct law_data *b, const struct law_profile *p,
			const struct law_between *w, struct pair *ret)
{
	const char *from = law_or_stated(w->requesting, r->requesting_state);
	const char *to = law_or_stated(w->requested, r->requested_state);
	size_t n = 0;

	for (size_t i = 0; i < r->n_measures; i++)
		for (size_t k = 0; k < r->measures[i]->n_atoms; k++) {
			struct pair one = { .atom = r->measures[i]->atoms[k] };

			one.ours = law_meaning(p, from, one.atom);
			one.theirs = law_meaning(p, to, one.atom);
			if (same_meaning(one.ours, one.theirs) || listed(ret, n, one.atom) || !catalogued(b, one.atom))
				continue;
			if (n == PAIRS_MAX)
				return n + 1;
			ret[n++] = one;
		}
	return n;
}

/* Does what the request says of a meaning say the same? NULL: it says nothing. */
static bool agrees(const CyAtomMeaning *said, const struct law_atom *a, const char *state)
{
	return said == NULL || (!strcmp(said->state, state) && !strcmp(said->category, a ? a->category : "") &&
				!strcmp(said->threshold, a ? a->threshold : ""));
}

static const CyAtomWarning *acknowledgement(const CyRequest *r, const char *atom)
{
	for (size_t i = 0; i < r->n_atom_warnings; i++)
		if (!strcmp(r->atom_warnings[i]->atom, atom))
			return r->atom_warnings[i];
	return NULL;
}

static void describe(const struct law_profile *p, const struct law_atom *a, const char *state, char *out, size_t size)
{
	char article[140];

	if (a == NULL) {
		snprintf(out, size, "nothing that %.4s says under %.40s", state, p->id);
		return;
	}
	term_source(p, a, article, sizeof article);
	snprintf(out, size, "%.40s for %.4s (%.60s; %s)", a->category, state,
		 a->threshold[0] ? a->threshold : "no threshold stated", article);
}

/* Each name once, whatever profiles and states map it. */
static bool first_to_map(const struct law_data *b, size_t profile, size_t atom)
{
	const char *name = b->profiles[profile]->atoms[atom].atom;

	for (size_t i = 0; i <= profile; i++)
		for (size_t k = 0; k < (i < profile ? b->profiles[i]->n_atoms : atom); k++)
			if (!strcmp(b->profiles[i]->atoms[k].atom, name))
				return false;
	return true;
}

static void unknown_atom(struct look *l, const char *atom)
{
	const struct law_data *b = l->legal_data;
	struct cy_guess guess = CY_GUESS(atom);
	struct words known = { .len = 0 };
	char meant[CY_GUESS_TEXT];

	for (size_t i = 0; i < b->n_profiles; i++)
		for (size_t k = 0; k < b->profiles[i]->n_atoms; k++)
			if (first_to_map(b, i, k)) {
				law_add_word(&known, b->profiles[i]->atoms[k].atom);
				cy_guess_offer(&guess, b->profiles[i]->atoms[k].atom);
			}
	law_fault(&l->c, NULL, LAW_NO_ARTICLE,
		  "No treaty profile here knows a data atom '%.40s'%s There is: %s. What is none of these is asked for "
		  "in "
		  "words, in `description`.",
		  atom, cy_guess_text(&guess, meant), known.text);
}

static void unknown_atoms(struct look *l, const CyRequest *r)
{
	for (size_t i = 0; i < r->n_measures && i < CY_MEASURES_MAX; i++) {
		const CyMeasure *m = r->measures[i];
		const size_t measure = law_in_at(&l->c, "measures", i);

		for (size_t k = 0; k < m->n_atoms; k++) {
			const size_t atom = law_in_at(&l->c, "atoms", k);

			if (!law_blank(m->atoms[k]) && !catalogued(l->legal_data, m->atoms[k]))
				unknown_atom(l, m->atoms[k]);
			law_out(&l->c, atom);
		}
		law_out(&l->c, measure);
	}
}

static void differences(struct look *l, const CyRequest *r)
{
	struct pair list[PAIRS_MAX];
	const char *from = law_or_stated(l->between->requesting, r->requesting_state);
	const char *to = law_or_stated(l->between->requested, r->requested_state);
	size_t n = differing(r, l->legal_data, l->profile, l->between, list);

	if (n > PAIRS_MAX) {
		law_fault(&l->c, "atom_warnings", LAW_NO_ARTICLE,
			  "More than %u atoms mean different things to the two states: send several requests.",
			  PAIRS_MAX);
		n = PAIRS_MAX;
	}
	for (size_t i = 0; i < n; i++) {
		const CyAtomWarning *a = acknowledgement(r, list[i].atom);
		char ours[320], theirs[320];

		describe(l->profile, list[i].ours, from, ours, sizeof ours);
		describe(l->profile, list[i].theirs, to, theirs, sizeof theirs);
		if (a == NULL)
			law_fault(&l->c, "atom_warnings", LAW_NO_ARTICLE,
				  "'%.40s' is %.210s, but %.210s. If this is understood, add {\"atom\": \"%.40s\", "
				  "\"acknowledgedBy\": \"NAME OF THE OFFICER\"}.",
				  list[i].atom, ours, theirs, list[i].atom);
		else if (!agrees(a->ours, list[i].ours, from) || !agrees(a->theirs, list[i].theirs, to))
			law_fault(&l->c, "atom_warnings", LAW_NO_ARTICLE,
				  "What was acknowledged of '%.40s' is not what the profile here says: it is %.210s, "
				  "but %.210s.",
				  list[i].atom, ours, theirs);
	}
	for (size_t i = 0; i < r->n_atom_warnings; i++)
		if (!listed(list, n, r->atom_warnings[i]->atom)) {
			size_t mark = law_in_at(&l->c, "atom_warnings", i);

			law_fault(&l->c, "atom", LAW_NO_ARTICLE,
				  "There is nothing to acknowledge about '%.40s' between %.4s and %.4s: remove this "
				  "entry.",
				  r->atom_warnings[i]->atom, from, to);
			law_out(&l->c, mark);
		}
}

void law_check_atoms(struct look *l, const CyRequest *r)
{
	unknown_atoms(l, r);
	differences(l, r);
}

static CyAtomMeaning *stated(const struct law_profile *p, const struct law_atom *a, const char *state,
			     struct cy_arena *arena)
{
	CyAtomMeaning *m = cy_arena_take(arena, sizeof *m);
	char article[LAW_ARTICLE_SIZE];

	cy_atom_meaning__init(m);
	m->state = (char *)state;
	if (a == NULL)
		return m;
	term_source(p, a, article, sizeof article);
	m->category = (char *)a->category;
	m->threshold = (char *)a->threshold;
	m->article = cy_arena_string(arena, article);
	return m;
}

struct law_atom_warnings law_atom_warnings(const CyRequest *r, const struct law_data *b, const struct law_between *w,
					   struct cy_arena *a)
{
	const CyLegalBasis *basis = r->legal_basis;
	const struct law_profile *p = NULL;
	struct pair list[PAIRS_MAX];
	struct law_atom_warnings ret = { 0 };

	if (b && basis && !basis->reciprocity)
		p = law_find_profile(b, basis->instrument, basis->version, w->day);
	if (p == NULL)
		return ret;
	ret.n = differing(r, b, p, w, list);
	if (ret.n > PAIRS_MAX)
		ret.n = PAIRS_MAX;
	ret.list = cy_arena_take(a, (ret.n + 1) * sizeof *ret.list);
	for (size_t i = 0; i < ret.n; i++) {
		const CyAtomWarning *said = acknowledgement(r, list[i].atom);
		CyAtomWarning *one = cy_arena_take(a, sizeof *one);

		cy_atom_warning__init(one);
		one->atom = (char *)list[i].atom;
		one->ours = stated(p, list[i].ours, law_or_stated(w->requesting, r->requesting_state), a);
		one->theirs = stated(p, list[i].theirs, law_or_stated(w->requested, r->requested_state), a);
		if (said)
			one->acknowledged_by = said->acknowledged_by;
		ret.list[i] = one;
	}
	return ret;
}
