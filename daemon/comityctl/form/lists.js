// Parts: fields of their own, once or several times.

const atOnce = 20; // elements of a list on the page; the others are a page away

// Lists that are on the page, by path: each can show one of its elements.
const pagers = new Map();

const heading = (depth, text) => el(`h${Math.min(depth, 6)}`, {}, text);

function fieldOf(field, place) {
	if (field.need === "ours" || field.control === "measure" || (!applies(field, place.part, place.measure) && !filled(place.part[field.name])))
		return undefined;
	if (field.key === "Request.atom_warnings")
		return termsOf(field, place);
	if (isPart(field))
		return field.list ? listBox(field, place) : partBox(field, place);
	if (field.list)
		return field.choices ? choicesRow(field, place) : textsRow(field, place);
	return valueRow(field, place);
}

// The fields of a part: what is asked for first, what may stay empty behind "More", which names it.
function fieldsOf(fields, place) {
	const shown = [], more = [], names = [];
	for (const field of fields) {
		const box = fieldOf(field, place), first = isPart(field) || prominent(field, place.part, place.measure);
		if (box !== undefined && first)
			shown.push(box);
		else if (box !== undefined)
			more.push(box), names.push(field.label);
	}
	if (more.length > 1 || (more.length && shown.length))
		shown.push(el("details", { class: "more" }, el("summary", {}, say("More that may be stated: {names}",
			{ names: new Intl.ListFormat(form.language, { type: "unit" }).format(names) })), more));
	else
		shown.push(...more);
	return shown;
}

// One that is drawn anew when another choice brings other fields with it.
function body(fields, place) {
	const box = el("div", { class: "fields" });
	const inner = new Place(place, { redraw: () => box.replaceChildren(...fieldsOf(fields, inner)) });
	inner.redraw();
	return box;
}

// A part that alone fills its section, which has its name already.
const isBare = (field, place) => field.label === place.title || place.alone === true;

// What helps with a part, if the section does not help already.
const partHelp = (field, place, path) => isBare(field, place) && place.helped ? [] : helpLines(field, place, path);

// The name of a part, and whether it is mandatory.
function named(field, place, depth) {
	return isBare(field, place) ? [hiddenText(field.label)] : [heading(depth, field.label), badge(field, place)];
}

const partClass = (field, place) => isBare(field, place) ? "bare" : "part";

function inside(field, place, values) {
	return new Place(place, { depth: isBare(field, place) ? place.depth : place.depth + 1, title: undefined, alone: undefined, ...values });
}

function partBox(field, place) {
	const path = place.at + field.name, must = mandatory(field, place.part, place.measure) || field.usual;
	place.part[field.name] ??= {};
	const inner = inside(field, place, { part: place.part[field.name], at: path + ".", labels: [...place.labels, field.label] });
	const guides = guideBox(guidesOf(field, place.measure), path), help = partHelp(field, place, path);
	const content = [help, guides, body(field.fields, inner)];
	if (must)
		return el("fieldset", { class: partClass(field, place), id: path, "aria-describedby": describedBy(help) },
			el("legend", {}, named(field, place, inner.depth)), content);
	return el("details", { class: "part", id: path, open: filled(inner.part) },
		el("summary", {}, heading(inner.depth, field.label), el("span", { class: "may" }, say("may stay empty"))), content);
}

// What an element of a list is, from what is written in it: "2: Suspect, Doe".
function titleOf(field, item) {
	const said = [];
	for (const inner of field.fields) {
		const value = item[inner.name];
		if (isPart(inner) || inner.list || typeof value !== "string" || said.length === 2 || !["line", "open", "choice"].includes(inner.control))
			continue;
		said.push((inner.choices ?? []).find(choice => choice.value === value)?.label ?? value);
	}
	return visible(said.join(", ")).slice(0, 200);
}

function itemBox(field, place, list, i, isOpen) {
	const path = `${place.at}${field.name}[${i}]`, item = list.at(i);
	const name = el("span", { class: "title" }), said = el("bdi", { class: "said" });
	const retitle = () => {
		name.textContent = say("{label} {n}", { label: oneOf(field), n: i + 1 });
		said.textContent = titleOf(field, item);
		place.retitle();
	};
	const measure = field.key === "Request.measures" ? item.type : place.measure;
	const inner = inside(field, place, { part: item, at: path + ".", measure, retitle, labels: [...place.labels, `${oneOf(field)} ${i + 1}`] });
	const content = body(field.fields, inner);
	retitle();
	return el("details", { class: "item", id: path, open: isOpen }, el("summary", {}, name, said),
		el("div", { role: "group", "aria-label": inner.labels.join(", ") }, content,
			el("button", { type: "button", class: "quiet", click: () => list.remove(i) },
				say("Remove"), hiddenText(` ${oneOf(field)} ${i + 1}`))));
}

// The elements of a list as they stand in the draft.
class List {
	constructor(field, place, box) {
		Object.assign(this, { field, place, box, first: 0, open: undefined });
		this.path = place.at + field.name;
		pagers.set(this.path, this);
	}

	get values() {
		return this.place.part[this.field.name] ?? [];
	}

	at(i) {
		return this.values[i];
	}

	// Measures are numbered as they stand.
	number() {
		if (this.field.fields.some(inner => inner.control === "measure" && inner.key === "Measure.measure"))
			this.values.forEach((item, i) => { item.measure = i + 1; });
	}

	show(i) {
		this.first = Math.floor(i / atOnce) * atOnce;
		this.open = i;
		this.draw();
	}

	add(item) {
		this.place.part[this.field.name] = [...this.values, item];
		this.number();
		this.show(this.values.length - 1);
		changed(this.place, this.field);
	}

	remove(i) {
		this.values.splice(i, 1);
		this.number();
		this.first = Math.min(this.first, Math.max(0, Math.floor((this.values.length - 1) / atOnce) * atOnce));
		this.draw();
		changed(this.place, this.field);
		announce(say("{label} {n} was removed.", { label: oneOf(this.field), n: i + 1 }));
		this.box.querySelector("button.add")?.focus();
	}

	addAndFocus() {
		this.add(beginPart(this.field.fields));
		focusIn(`${this.path}[${this.values.length - 1}]`);
	}

	// Where the elements are more than fit.
	pages() {
		const n = this.values.length, last = Math.min(n, this.first + atOnce);
		if (n <= atOnce)
			return undefined;
		const to = (first, text) => el("button", { type: "button", class: "quiet", disabled: first < 0 || first >= n, click: () => {
			this.first = first;
			this.draw();
			this.box.querySelector("nav button:not([disabled])")?.focus();
		} }, text);
		return el("nav", { class: "pages", "aria-label": say("Pages of {label}", { label: this.field.label }) },
			to(this.first - atOnce, say("Earlier")), el("span", {}, say("{first} to {last} of {n}", { first: this.first + 1, last, n })),
			to(this.first + atOnce, say("Later")));
	}

	draw() {
		const n = this.values.length, items = [];
		for (let i = this.first; i < Math.min(n, this.first + atOnce); i++)
			items.push(itemBox(this.field, this.place, this, i, i === this.open || n <= 3));
		this.box.replaceChildren(...[this.pages(), ...items, n < this.field.most ? el("button", { type: "button", class: "add",
			id: n ? undefined : this.path, "data-list": this.path, click: () => this.addAndFocus() }, say("Add: {label}", { label: oneOf(this.field) })) : undefined].filter(Boolean));
	}
}

function listBox(field, place) {
	const path = place.at + field.name, box = el("div", { class: "items" });
	const list = new List(field, place, box);
	const must = mandatory(field, place.part, place.measure) || place.depth === 2;
	const guides = guideBox(guidesOf(field, place.measure), path), help = partHelp(field, place, path);
	const title = named(field, place, place.depth + 1);
	list.draw();
	const content = [help, guides, field.control === "file" ? filesOf(list) : undefined, box];
	if (must)
		return el("fieldset", { class: partClass(field, place), "aria-describedby": describedBy(help) }, el("legend", {}, title), content);
	return el("details", { class: "part", open: filled(list.values) }, el("summary", {}, heading(place.depth + 1, field.label), el("span", { class: "may" }, say("may stay empty"))), content);
}

// ------------------------------------------------------------------------------------------------------ differing terms

const termLabel = atom => (form.atoms ?? []).find(term => term.atom === atom)?.label ?? atomLabels.get(atom) ?? atom;
const atomLabels = new Map();

function termBox(field, term, place) {
	const path = `terms.${term.atom}`;
	const of = side => [side.category || say("does not say"), side.threshold, side.article].filter(Boolean).join("; ");
	const known = () => acknowledged(place.part, term.atom || undefined);
	return el("fieldset", { class: "part" }, el("legend", {}, heading(place.depth + 2, visible(termLabel(term.atom)))),
		term.ours === undefined ? el("p", { class: "help" }, say("It is not among the data asked for, or the two states mean the same by it.")) :
			el("dl", {}, el("dt", {}, term.ours.state), el("dd", {}, of(term.ours)), el("dt", {}, term.theirs.state), el("dd", {}, of(term.theirs))),
		row(field, new Place(place, { part: known() ?? {} }), path, field.label, () => known()?.acknowledgedBy, value => {
			const others = (place.part.atomWarnings ?? []).filter(warning => (warning.atom ?? "") !== term.atom);
			place.part.atomWarnings = value === undefined ? others : [...others, { ...known(), atom: term.atom, acknowledgedBy: value }];
		}));
}

// Those that differ, and whatever else the draft acknowledges: nothing that is written is hidden.
function shownTerms(part) {
	const terms = differences(part), others = (part.atomWarnings ?? []).filter(known => !terms.some(term => term.atom === known.atom));
	return [...terms, ...others.map(known => ({ atom: known.atom ?? "" }))];
}

// Words that mean different things to the two states, as the chosen data bring them: drawn anew when these change.
function termsOf(list, place) {
	const box = el("div", { class: "terms" }), field = list.fields.find(inner => inner.name === "acknowledgedBy");
	let shown;
	place.terms.draw = () => {
		const terms = shownTerms(place.part), now = terms.map(term => term.atom).join(" ");
		if (now === shown)
			return;
		shown = now;
		box.replaceChildren(...(terms.length ? [heading(place.depth + 1, say("Terms that differ")),
			el("p", { class: "help" }, say("The two states mean different things by these data: an officer takes note of that, by name.")),
			...terms.map(term => termBox(field, term, place))] : []));
	};
	place.terms.draw();
	return box;
}
