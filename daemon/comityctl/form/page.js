// The page as a whole: sections with their progress, what is wrong, opening, saving and printing.

let draft = newDraft();
let unsaved = false;
const terms = { draw: () => {} };
const looks = new Map(); // by section: what was seen in the last round

const unsavedLine = el("p", { class: "unsaved", role: "status", hidden: true }, say("There are changes that are not saved."));
const status = el("p", { class: "status", role: "status" });
const told = el("div", { class: "told" });
const sections = el("div", {});
const index = el("ol", {});
const total = el("progress", { max: "1", "aria-label": say("Mandatory fields filled in") });
const totalText = el("p", { class: "help" });
const printed = el("article", { class: "printed", tabindex: "-1" });
const opened = el("input", { type: "file", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "open-file", accept: ".json,application/json" });

function announce(text) {
	status.textContent = text;
}

function keepUnsaved(is) {
	unsaved = is;
	unsavedLine.hidden = !is;
}

// ------------------------------------------------------------------------------------------------------------- progress

const idOf = section => `section-${section.name}`;

function drawProgress() {
	let wanted = 0, there = 0, bad = 0;
	for (const section of form.sections) {
		const look = lookAt(section), box = document.getElementById(idOf(section)), count = document.getElementById(`${idOf(section)}-count`);
		for (const control of halves(box))
			look.fault(control.id, [control.labels[0]?.textContent.trim() ?? control.ariaLabel], half(control));
		const { wrong } = look, full = look.wanted === look.there;
		looks.set(section.name, look);
		wanted += look.wanted;
		there += look.there;
		bad += wrong;
		count.textContent = (full ? wrong ? "" : "✓" : `${look.there}/${look.wanted} `) + (wrong ? `! ${wrong}` : "");
		count.classList.toggle("done", full && !wrong);
		count.classList.toggle("wrong", wrong > 0);
		count.nextSibling.textContent = progressOf(look.there, look.wanted, wrong);
	}
	total.max = Math.max(1, wanted);
	total.value = wanted ? there : 1;
	totalText.textContent = progressOf(there, wanted, bad);
}

// In words: what is there of what must be there, and what is to be corrected.
function progressOf(there, wanted, wrong) {
	return [there === wanted ? say("nothing mandatory is empty") : say("{there} of {wanted} mandatory fields are filled in", { there, wanted }),
		wrong ? say("to be corrected: {n}", { n: wrong }) : ""].filter(Boolean).join("; ");
}

let waiting;
function changed(place, field) {
	if (!unsaved)
		announce("");
	keepUnsaved(true);
	keepFixed(place, field);
	const decides = field.key === "Measure.type" || [...place.part ? partFields(place) : []].some(other => other.where && camel(other.where) === field.name);
	place.retitle();
	if (decides) {
		const id = document.activeElement?.id;
		if (field.key === "Measure.type")
			pagers.get(place.at.replace(/\[\d+\]\.$/, ""))?.draw();
		else
			place.redraw();
		document.getElementById(id)?.focus();
	}
	clearTimeout(waiting);
	waiting = setTimeout(() => {
		terms.draw();
		drawMarks();
		drawProgress();
	}, 150);
}

// What the form says by itself goes where another field leaves it no sense, and comes back.
function keepFixed(place, field) {
	for (const other of place.part ? partFields(place) : [])
		if (other.fixed && other.where !== undefined && camel(other.where) === field.name) {
			if (applies(other, place.part))
				place.part[other.name] ??= other.preset;
			else if (place.part[other.name] === other.preset)
				delete place.part[other.name];
		}
}

const fieldsByKey = new Map();
function* partFields(place) {
	yield* fieldsByKey.get(place.at.replace(/\[\d+\]/g, "[]")) ?? [];
}

// Every part by its path without numbers, and the labels of data atoms.
function know(fields, at) {
	fieldsByKey.set(at, fields);
	for (const field of fields) {
		if (field.key === "Measure.type")
			(field.choices ?? []).forEach(choice => measureTypes.set(choice.value, choice));
		if (field.key === "Measure.atoms")
			(field.choices ?? []).forEach(choice => atomLabels.set(choice.value, choice.label));
		if (isPart(field))
			know(field.fields, `${at}${field.name}${field.list ? "[]" : ""}.`);
	}
}

// ------------------------------------------------------------------------------------------------------------- sections

function drawSection(section) {
	const within = ofBody(section.fields[0]) ? { part: draft.body, at: `content.${kind}.` } : { part: draft.top };
	const place = new Place(undefined, { ...within, terms, title: section.label, helped: Boolean(section.help), alone: section.fields.length === 1 });
	const box = el("section", { id: idOf(section), "aria-labelledby": `${idOf(section)}-title` },
		el("h2", { id: `${idOf(section)}-title`, tabindex: "-1" }, section.label), section.help ? el("p", { class: "help" }, section.help) : undefined);
	const content = el("div", { class: "fields" });
	const redraw = () => content.replaceChildren(...fieldsOf(section.fields, place));
	place.redraw = redraw;
	redraw();
	box.append(content);
	return box;
}

function drawAll() {
	visited.clear();
	pagers.clear();
	marks.clear();
	sections.replaceChildren(...form.sections.map(drawSection));
	index.replaceChildren(...form.sections.map(section => el("li", {}, el("a", { href: `#${idOf(section)}` }, section.label), " ",
		el("span", { class: "count", id: `${idOf(section)}-count`, "aria-hidden": "true" }), hiddenText(""))));
	drawProgress();
}

// To the field of a path: the page of its list is turned to, and what is closed around it is opened.
function focusIn(path) {
	for (const match of path.matchAll(/\[(\d+)\]/g))
		pagers.get(path.slice(0, match.index))?.show(Number(match[1]));
	const found = document.getElementById(path);
	for (let up = found; up; up = up.parentElement)
		if (up instanceof HTMLDetailsElement)
			up.open = true;
	const control = found?.matches("input, textarea, select, button") ? found : found?.querySelector("input, textarea, select, button");
	control?.focus();
	control?.scrollIntoView({ block: "center" });
}

// --------------------------------------------------------------------------------------------------------------- faults

const listed = 100;

function linkTo(entry) {
	return el("li", {}, el("a", { href: "#", click: event => {
		event.preventDefault();
		focusIn(entry.path);
	} }, el("bdi", {}, entry.label)), ": ", entry.text ?? "", entry.article ? ` (${entry.article})` : "");
}

function faultBox(title, intro, entries, more) {
	return entries.length ? [el("h2", {}, title), intro ? el("p", {}, intro) : undefined, el("ul", {}, entries.slice(0, listed).map(linkTo)),
		entries.length > listed || more ? el("p", {}, say("{n} more are not listed.", { n: entries.length - listed + (more ?? 0) })) : undefined] : [];
}

function check() {
	drawProgress();
	const all = [...looks.values()], faults = all.flatMap(look => look.faults), doubts = all.flatMap(look => look.doubts);
	const warnings = all.flatMap(look => look.warnings), tooLong = bytesIn(draftText()) > mostOfFile;
	if (tooLong)
		faults.push({ path: idOf(form.sections[0]), label: form.title, text: say("The draft is longer than {size}, the most that is taken.", { size: sizeText(mostOfFile) }) });
	const box = el("div", { class: `summary ${faults.length ? "bad" : doubts.length ? "open" : "good"}`, tabindex: "-1", role: "group", "aria-label": say("Result of the check") },
		faults.length ? faultBox(say("Places that need your attention: {n}", { n: faults.length }), "", faults) :
			[el("h2", {}, doubts.length ? say("Nothing is missing that this page can see") : say("Complete: nothing is missing")),
				el("p", {}, say("Save the draft and hand it on. Whoever sends it does so with comityctl submit FILE; comityctl check FILE looks for faults as this page does."))],
		faultBox(say("To be judged by you: {n}", { n: doubts.length }), say("This page cannot tell whether something is missing or wrong here."), doubts),
		faultBox(say("To be known before it is sent: {n}", { n: warnings.length }), "", warnings));
	for (const fault of faults)
		visited.add(fault.path);
	for (const section of form.sections)
		document.getElementById(idOf(section)).querySelectorAll("input, textarea, select").forEach(control => control.dispatchEvent(new Event("judge")));
	told.replaceChildren(box);
	box.focus();
}

// -------------------------------------------------------------------------------------------------- opening and saving

function strangeBox(name, strange) {
	return el("div", { class: "summary bad", tabindex: "-1", role: "group", "aria-label": say("What was not taken over") },
		el("h2", {}, say("Not all of {name} fits this form", { name: visible(name) })),
		el("p", {}, say("It was written for another version of the form, or by hand. The draft that you save from now on does not hold what is listed here, unless the list says so; the file that you opened stays as it is.")),
		el("ul", {}, strange.list.map(entry => el("li", {}, el("code", { dir: "ltr" }, visible(entry.path)), ": ", entry.text,
			entry.said ? [" ", say("The file says:"), " ", el("bdi", {}, el("code", {}, entry.said))] : undefined))),
		strange.more ? el("p", {}, say("{n} more are not listed.", { n: strange.more })) : undefined,
		el("button", { type: "button", click: () => {
			told.replaceChildren();
			focusIn(idOf(form.sections[0]));
		} }, say("I have read this")));
}

function failBox(name, why) {
	return el("div", { class: "summary bad", tabindex: "-1", role: "group", "aria-label": say("The file was not opened") },
		el("h2", {}, say("{name} was not opened", { name: visible(name) })), el("p", {}, why));
}

// The draft that a text holds takes the place of this one.
function openText(name, text) {
	const strange = new Strange();
	let value, twice;
	try {
		value = parseDraft(text);
		twice = namedTwice(withoutComments(text));
	} catch (error) {
		told.replaceChildren(failBox(name, say("It is no JSON, as this form saves it: {why}", { why: visible(error.message) })));
		told.firstChild.focus();
		return;
	}
	if (value === null || typeof value !== "object" || Array.isArray(value)) {
		told.replaceChildren(failBox(name, say("It is no draft of a request.")));
		told.firstChild.focus();
		return;
	}
	for (const path of twice)
		strange.add(path, undefined, say("This name stands twice in the file; the last one was taken."));
	draft = takeDraft(value, strange);
	keepUnsaved(false);
	drawAll();
	told.replaceChildren();
	announce(say("{name} was opened.", { name: visible(name) }) +
		(strange.left ? " " + say("{n} texts that still say FILL IN are empty here.", { n: strange.left }) : ""));
	if (strange.list.length) {
		told.replaceChildren(strangeBox(name, strange));
		told.firstChild.focus();
	}
}

async function openFile() {
	const [file] = opened.files;
	if (file && (!unsaved || window.confirm(say("What you have written since the last time you saved will be lost. Open the file?"))))
		openText(file.name, await file.text());
	opened.value = "";
}

const mostOfFile = 4 * 1024 * 1024;
const draftText = () => JSON.stringify(putDraft(draft), null, 2) + "\n";

function save() {
	const text = draftText(), left = halves(sections).length;
	const name = (draft.top.ownReference ?? "").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 80) || "request";
	const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name + ".json" });
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60000);
	keepUnsaved(false);
	announce(say("The draft was saved as {name}, where your browser keeps what it downloads.", { name: name + ".json" }) +
		(left ? " " + say("Without what is only half written in {n} fields: see Check.", { n: left }) : ""));
}

// ------------------------------------------------------------------------------------------------------------- printing

function drawPrinted() {
	printed.replaceChildren(...printedPage(draft));
}

function reading(on) {
	document.body.classList.toggle("reading", on);
	if (on)
		drawPrinted();
	(on ? printed : document.getElementById("read")).focus();
	window.scrollTo(0, 0);
}

// ------------------------------------------------------------------------------------------------------------ beginning

function header() {
	const basis = form.instrument;
	return el("header", {}, el("h1", {}, form.title),
		basis ? el("p", { class: "basis" }, el("strong", {}, basis.title), ` ${basis.citation}`) : undefined,
		form.measures?.length ? el("p", {}, say("Measures: {list}", { list: form.measures.map(measure => measure.label).join(", ") })) : undefined,
		el("p", {}, say("Fill in the sections in any order, and save the draft before you close this page: it is kept nowhere else, and nothing leaves this computer.")),
		read("notes").map(note => el("p", { class: "warning" }, note)),
		form.reviewed ? undefined : el("p", { class: "warning" }, form.unreviewed),
		basis && !basis.verified ? el("p", { class: "warning" }, say("This treaty profile was not verified against the primary text. {note}", { note: basis.note ?? "" })) : undefined);
}

function tools() {
	const button = (id, text, click, type) => el("button", { type: "button", id, class: type, click }, text);
	return el("div", { class: "tools", role: "toolbar", "aria-label": say("The draft") },
		button("check", say("Check"), check), button("save", say("Save"), save, "first"),
		button("open", say("Open"), () => opened.click()), button("read", say("Read and print"), () => reading(true)));
}

function begin() {
	const direction = new Intl.Locale(form.language);
	document.title = form.title;
	document.documentElement.dir = (direction.getTextInfo?.() ?? direction.textInfo)?.direction ?? "ltr";
	know(topFields, "");
	know(bodyFields, `content.${kind}.`);
	document.body.append(el("a", { class: "skip", href: "#form-main" }, say("To the form")), header(),
		el("div", { class: "columns" }, el("nav", { class: "side", "aria-label": say("Sections") },
			el("details", { open: window.innerWidth >= 900 }, el("summary", {}, say("Sections")), index), total, totalText, tools(), status, unsavedLine),
		el("main", { id: "form-main", tabindex: "-1" }, told, sections)),
		el("div", { class: "reader" }, el("div", { class: "tools" }, el("button", { type: "button", click: () => window.print() }, say("Print")),
			el("button", { type: "button", click: () => reading(false) }, say("Back to the form"))), printed), opened);
	opened.addEventListener("change", openFile);
	window.addEventListener("beforeprint", drawPrinted);
	window.addEventListener("beforeunload", event => {
		if (unsaved)
			event.preventDefault();
	});
	drawAll();
	const given = read("draft");
	if (given !== null)
		openText(say("The draft"), given);
}

begin();
